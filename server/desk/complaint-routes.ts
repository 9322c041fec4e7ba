import { fromBase64url, fromHex, toHex } from "../../protocol/bytes.ts";
import { openFacets, parseShownEvent } from "../../protocol/event.ts";
import { HASH_BYTES } from "../../protocol/merkle.ts";
import { holdsPersonalNumber } from "../../protocol/subject.ts";
import type { Clock } from "../clock.ts";
import type { Showing } from "../disclose/showing.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, SignedOn } from "../identity/caller.ts";
import type { Answer, Route, RouteRequest } from "../route.ts";
import type { StoreReader } from "../store/store.ts";
import { bad, type BodyReader, bodyReader } from "./body.ts";
import { type ComplaintActs, isOwnComplaint } from "./complaint-acts.ts";
import { type DeadlinesAt, type Due, dueOf, type DueState } from "./complaint-deadlines.ts";
import {
  type ComplaintQuery,
  type ComplaintRecord,
  type ComplaintRegister,
  type ComplaintScope,
  filingOf,
} from "./complaints.ts";
import { pageIn } from "./page.ts";

export interface ComplaintRoutesOptions {
  readonly acts: ComplaintActs;
  readonly complaints: Pick<ComplaintRegister, "one" | "list">;
  readonly showing: Pick<Showing, "viewerOf" | "show">;
  readonly store: Pick<StoreReader, "events">;
  /** The log index of a leaf; undefined when it is in no published checkpoint. */
  readonly leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
  readonly deadlinesAt: DeadlinesAt;
  readonly clock: Clock;
}

const MAX_BODY_BYTES = 16 * 1024;
const MAX_TEXT = 2000;
const MAX_AGENCY = 64;
const STATES = ["open", "filed", "answered", "decided", "withdrawn"] as const;
/** What is late, out of the list of what is open. */
const OVERDUE = { answerOverdue: "filed", decisionOverdue: "open" } as const;
const OUTCOMES = ["upheld", "partly-upheld", "rejected"] as const;

/** Complaints: filed by people from entries of their statements, answered by the agency, decided by an inspector. */
export function complaintRoutes(options: ComplaintRoutesOptions): Route[] {
  const { acts, complaints, showing, store, leafIndex, deadlinesAt, clock } = options;
  const now = (): number => Math.floor(clock.now() / 1000);

  /** Nothing in it names a person: the text and the people stand in the events, which are shown one complaint at a time. */
  async function summary(record: ComplaintRecord): Promise<object> {
    const { id, state, agency, complainedOf, steps } = record;
    const filing = filingOf(record);
    const deadlines = await deadlinesAt(filing.index);
    const leaf = fromBase64url(complainedOf);
    const outcome = steps.at(-1)?.outcome;
    return {
      ...{ id, state, agency, ...(outcome !== undefined && { outcome }) },
      event: { leaf: toHex(leaf), index: (await leafIndex(leaf)) ?? null },
      filed: filing.time,
      due: deadlines === undefined ? null : dueOf(record, deadlines, now()),
    };
  }

  async function isOverdue(record: ComplaintRecord, what: "answer" | "decision"): Promise<boolean> {
    const deadlines = await deadlinesAt(filingOf(record).index);
    if (deadlines === undefined) return false;
    const due: Due & { readonly state: DueState } = dueOf(record, deadlines, now())[what];
    return due.state === "overdue";
  }

  async function created(record: ComplaintRecord): Promise<Answer> {
    const index = record.steps.at(-1)?.index;
    return { status: 201, json: { recorded: index, complaint: await summary(record) } };
  }

  /** Whose complaints a caller sees. */
  async function scopeOf(caller: SignedOn): Promise<ComplaintScope> {
    switch (caller.role) {
      case "citizen":
        return { people: await acts.ownTags(caller) };
      case "agency":
      case "officer":
        return { agency: caller.agency };
      case "inspector":
        return "all";
      default:
        throw unknownComplaint();
    }
  }

  async function visible(id: string, caller: SignedOn): Promise<ComplaintRecord> {
    const scope = await scopeOf(caller);
    const record = await complaints.one(id);
    if (record === undefined || !isWithin(record, scope)) throw unknownComplaint();
    return record;
  }

  /** Every act, as far as the caller may see it: the same rules as for any event, and the same record of who looked. */
  async function history(record: ComplaintRecord, caller: Caller): Promise<object[]> {
    const indexes = record.steps.map(({ index }) => index);
    const stored = await store.events(indexes);
    const events = stored.flatMap((event, at) =>
      event === undefined ? [] : [{ ...event, index: indexes[at] ?? 0 }],
    );
    const seen = await showing.show(await showing.viewerOf(caller, "complaint"), events);
    return record.steps.map(({ index, time, state }, at) => {
      const { text = "", erased = false, closure } = seen[at] ?? {};
      const facets = text === "" ? {} : openFacets(parseShownEvent(text));
      return { index, time, state, event: text, facets, erased, closure: closure ?? null };
    });
  }

  /** From an index or a leaf hash, as a statement has them. */
  async function eventOf(body: BodyReader): Promise<number> {
    const [index, leaf] = [body.value("index"), body.text("leaf", 64)];
    if ((index === undefined) === (leaf === undefined))
      throw bad("Name the event by its index in the log or by its leaf hash.");
    if (leaf === undefined) {
      if (typeof index === "number" && Number.isSafeInteger(index) && index >= 0) return index;
      throw bad("index is a log index, such as 1042.");
    }
    // One that is not published yet is nobody's either: a statement shows none that is not anchored.
    return (await leafIndex(leafIn(leaf))) ?? Number.MAX_SAFE_INTEGER;
  }

  return [
    {
      name: "postComplaint",
      method: "post",
      path: "/v1/complaints",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const body = bodyReader(request.body);
        const index = await eventOf(body);
        const text = textIn(body);
        const agency = body.text("agency", MAX_AGENCY);
        body.end();
        return await created(await acts.file(as("citizen", caller), { index, text, agency }));
      },
    },
    {
      name: "getComplaints",
      method: "get",
      path: "/v1/complaints",
      handle: async (request, caller) => {
        const { from, limit, state, overdue } = queryOf(request);
        const scope = await scopeOf(signedOn(caller));
        const query: ComplaintQuery = { scope, from, limit, ...(state !== undefined && { state }) };
        const page = await complaints.list(query);
        const listed: object[] = [];
        for (const record of page.filter((each) => isWithin(each, scope))) {
          if (overdue === undefined || (await isOverdue(record, overdue))) listed.push(await summary(record));
        }
        const last = page.length === limit ? page.at(-1) : undefined;
        return { json: { complaints: listed, ...(last && { next: filingOf(last).index + 1 }) } };
      },
    },
    {
      name: "getComplaint",
      method: "get",
      path: "/v1/complaints/:id",
      handle: async (request, caller) => {
        const record = await visible(request.parameter("id"), signedOn(caller));
        return { json: { ...(await summary(record)), history: await history(record, caller) } };
      },
    },
    {
      name: "postComplaintAnswer",
      method: "post",
      path: "/v1/complaints/:id/answer",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const body = bodyReader(request.body);
        const text = textIn(body);
        body.end();
        return await created(await acts.answer(as("officer", caller), request.parameter("id"), text));
      },
    },
    {
      name: "postComplaintDecision",
      method: "post",
      path: "/v1/complaints/:id/decision",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const body = bodyReader(request.body);
        const [outcome, text] = [body.oneOf("outcome", OUTCOMES), textIn(body)];
        body.end();
        if (outcome === undefined) throw bad(`outcome is one of ${OUTCOMES.join(", ")}.`);
        const decision = { outcome, text };
        return await created(await acts.decide(as("inspector", caller), request.parameter("id"), decision));
      },
    },
    {
      name: "postComplaintWithdrawal",
      method: "post",
      path: "/v1/complaints/:id/withdrawal",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const body = bodyReader(request.body, { mayBeEmpty: true });
        const text = body.value("text") === undefined ? undefined : textIn(body);
        body.end();
        return await created(await acts.withdraw(as("citizen", caller), request.parameter("id"), text));
      },
    },
  ];
}

function isWithin(record: ComplaintRecord, scope: ComplaintScope): boolean {
  if (scope === "all") return true;
  if ("agency" in scope) return record.agency === scope.agency;
  return isOwnComplaint(record, scope.people);
}

function queryOf(request: RouteRequest): Omit<ComplaintQuery, "scope"> & { overdue?: "answer" | "decision" } {
  const state = request.query("state");
  const { from, limit } = pageIn(request);
  if (state === undefined) return { from, limit };
  if (state === "answerOverdue" || state === "decisionOverdue") {
    const overdue = state === "answerOverdue" ? "answer" : "decision";
    return { from, limit, state: OVERDUE[state], overdue };
  }
  const [known] = STATES.filter((each) => each === state);
  if (known === undefined) throw bad(`state is one of ${[...STATES, ...Object.keys(OVERDUE)].join(", ")}.`);
  return { from, limit, state: known };
}

function textIn(body: BodyReader): string {
  const text = body.requiredText("text", MAX_TEXT);
  // As the schema of the facet has it, said in words that help.
  if (holdsPersonalNumber(text))
    throw bad("The text must name nobody by number: leave out what has 12 digits.");
  return text;
}

function leafIn(text: string): Uint8Array {
  if (new RegExp(`^[0-9a-f]{${2 * HASH_BYTES}}$`).test(text)) return fromHex(text);
  throw bad("leaf is a leaf hash: 64 lowercase hexadecimal digits.");
}

function signedOn(caller: Caller): SignedOn {
  // The permission table lets nobody else through.
  if (caller.role === "public")
    throw new LedgerError("unauthenticated", "Complaints are seen by whom they concern.");
  return caller;
}

function as<R extends SignedOn["role"]>(role: R, caller: Caller): SignedOn & { readonly role: R } {
  if (!isRole(caller, role)) throw new LedgerError("forbidden", `This takes the role ${role}.`);
  return caller;
}

function isRole<R extends SignedOn["role"]>(
  caller: Caller,
  role: R,
): caller is SignedOn & { readonly role: R } {
  return caller.role === role;
}

function unknownComplaint(): LedgerError {
  return new LedgerError("unknown-complaint", "There is no complaint of this id that you may see.");
}
