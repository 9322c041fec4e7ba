import { type Role, ROLES } from "../../protocol/visibility.ts";
import { LedgerError } from "../errors.ts";
import type { Caller } from "./caller.ts";

const EVERYBODY: readonly Role[] = ROLES;

/**
 * Who may call which route. Deny by default: a route that is not here is not mounted. "Everybody" covers what is public by
 * design, and what carries its own proof of who sent it (a submission is signed). What a caller then *sees* of an event is
 * decided facet by facet in disclose/.
 */
export const PERMISSIONS: Readonly<Record<string, readonly Role[]>> = {
  // receive
  postSubmission: EVERYBODY,
  postReceipts: EVERYBODY,
  // integrate
  getCheckpoint: EVERYBODY,
  getTile: EVERYBODY,
  getEntries: EVERYBODY,
  // anchor
  postRpc: EVERYBODY,
  // prove
  getEvent: EVERYBODY,
  getEvidence: EVERYBODY,
  getEvidenceByLeaf: EVERYBODY,
  getSubmission: EVERYBODY,
  getSource: EVERYBODY,
  getAnchors: EVERYBODY,
  // Citizens about themselves and whom they represent, inspectors about anybody, officers about officials of their own agency (prove/statement-routes.ts).
  getStatement: ["citizen", "inspector", "officer"],
  postStatement: ["citizen", "inspector", "officer"],
  // complaints: citizens their own, agencies those about them, inspectors all (desk/complaint-routes.ts)
  postComplaint: ["citizen"],
  getComplaints: ["citizen", "agency", "officer", "inspector"],
  getComplaint: ["citizen", "agency", "officer", "inspector"],
  postComplaintAnswer: ["officer"],
  postComplaintDecision: ["inspector"],
  postComplaintWithdrawal: ["citizen"],
  // seals: an agency that is entitled to them on the chain records its own with its recorder
  postSeal: ["inspector"],
  postSealExtension: ["inspector"],
  postSealLift: ["inspector"],
  getSeals: ["inspector"],
  getSeal: ["inspector"],
  // findings name agencies under suspicion: inspectors see all, officers those of their own agency, and they alone explain
  getFindings: ["inspector", "officer"],
  getFinding: ["inspector", "officer"],
  postFindingState: ["inspector", "officer"],
  postFindingReview: ["inspector"],
  getFindingNotification: ["inspector", "officer"],
  postFindingNotification: ["inspector", "officer"],
  // whether an event was allowed, for those who may see it
  getEventFindings: ["citizen", "agency", "officer", "inspector"],
  postEventFindings: ["citizen", "agency", "officer", "inspector"],
  // inspect: when a source was heard and what is open about it; nothing about a person
  getSources: EVERYBODY,
  // an officer searches what concerns their agency, and sees what waits for it; the statistics are counts
  postSearch: ["inspector", "officer"],
  getQueues: ["inspector", "officer"],
  getQueue: ["inspector", "officer"],
  getStatistics: EVERYBODY,
  postSample: ["inspector"],
  getSample: ["inspector"],
  postSampleResult: ["inspector"],
  getSampleResults: ["inspector"],
  // an officer sees what was found at their own agency
  getInspectionRates: ["inspector", "officer"],
  postBundle: ["inspector"],
  // erasure: officers of their agency's, the ledger's officer of anybody's; inspectors see what was ordered and done
  postErasure: ["officer"],
  getErasures: ["officer", "inspector"],
  getErasure: ["officer", "inspector"],
  // what of a source was erased, for its recorder: the request is signed with its key
  postSourceErasures: EVERYBODY,
  // decide: an agency asks for itself alone (decide/routes.ts)
  postEvaluation: ["agency"],
  postEvaluations: ["agency"],
  getAuthzenConfiguration: EVERYBODY,
  // consents and mandates: citizens about themselves and whom they represent; agencies ask and give up; inspectors find invalid
  getConsents: ["citizen"],
  postConsent: ["citizen"],
  postConsentImport: ["citizen"],
  getConsentReceipt: ["citizen"],
  postConsentWithdrawal: ["citizen"],
  postConsentRequest: ["agency"],
  postConsentRevocation: ["agency", "officer"],
  postConsentInvalidation: ["inspector"],
  getMandates: ["citizen"],
  // objections to machines acting: citizens for themselves and whom they represent
  postObjection: ["citizen"],
  getObjections: ["citizen"],
  postObjectionWithdrawal: ["citizen"],
  // catalogue
  getCatalogue: EVERYBODY,
  getCatalogueVersion: EVERYBODY,
  // portal: the pages are for everybody, and what they show comes from the routes above
  getPortalSession: EVERYBODY,
  getSignOn: EVERYBODY,
  getSignedOn: EVERYBODY,
  postSignOff: EVERYBODY,
  getPortalTrust: EVERYBODY,
  getPortalPage: EVERYBODY,
  getVerifyPage: EVERYBODY,
  getFrontPage: EVERYBODY,
  // the inbox of whoever is signed on at the portal
  getPortalInbox: ["citizen"],
  postPortalInbox: ["citizen"],
  putPortalInbox: ["citizen"],
  // everything that is kept, sealed: for whoever runs the ledger, and no one else
  getBackup: ["operator"],
  // the process itself
  getLive: EVERYBODY,
  getReady: EVERYBODY,
  getHealth: EVERYBODY,
  getMetrics: EVERYBODY,
  getOpenApi: EVERYBODY,
  getOpenApiJson: EVERYBODY,
  getApiPage: EVERYBODY,
  getApiPageFile: EVERYBODY,
};

/**
 * Lets the caller pass or throws: `unauthenticated` when credentials could help, `forbidden` when other ones are needed.
 */
export function permit(caller: Caller, allowed: readonly Role[]): void {
  if (allowed.includes(caller.role)) return;
  if (caller.role === "public") {
    throw new LedgerError(
      "unauthenticated",
      `Send a bearer token of one of these roles: ${allowed.join(", ")}.`,
    );
  }
  throw new LedgerError(
    "forbidden",
    `The role "${caller.role}" may not do this; it takes ${allowed.join(" or ")}.`,
  );
}

/** The roles that may call the route. @throws Error when the table has no row for it: a mistake in the program. */
export function rolesFor(routeName: string): readonly Role[] {
  const roles = Object.hasOwn(PERMISSIONS, routeName) ? PERMISSIONS[routeName] : undefined;
  if (roles === undefined) throw new Error(`the route ${routeName} has no row in the permission table`);
  return roles;
}
