import type { ClaimedTime, DataUse } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import { type FindingWithSteps, isNotifiable } from "./board.ts";
import { isUseFinding } from "./finding.ts";
import { facetsOf } from "./uses/opening.ts";
import type { ReadUse } from "./uses/use-reader.ts";

/** Under which law a breach of personal data is notified within 72 hours. */
const NOTIFIED_UNDER = [
  { law: "91/2025/QH15", article: "23" },
  { law: "Regulation (EU) 2016/679", article: "33" },
] as const;

/**
 * A notification with everything that the ledger knows filled in. It names nobody. What only the agency knows is empty, to be filled in before it is
 * sent to the authority.
 */
export interface Notification {
  readonly under: readonly { readonly law: string; readonly article: string }[];
  readonly finding: FindingWithSteps["finding"];
  /** Unix seconds. */
  readonly confirmedAt?: number;
  readonly notifyBy?: number;
  readonly notifiedAt?: number;
  /** Code of the agency that answers for it, and of the one whose data it was. */
  readonly agency?: string;
  readonly provider?: string;
  readonly procedure?: string;
  readonly catalogue?: string;
  readonly data: {
    readonly people: number;
    readonly personalData: readonly string[];
    readonly action?: DataUse["action"];
  };
  /** When, as the record claims (RFC 3339), and when the ledger received it (Unix seconds). */
  readonly occurred?: string;
  readonly received: number;
  /** Where in the log it is proven. */
  readonly evidence: { readonly index: number; readonly leaf: string };
  readonly cause: "";
  readonly consequences: "";
  readonly measures: "";
  readonly contact: "";
}

/** The facts of a finding, as a notification states them; undefined when it is none that is notified, or its event is erased. */
export async function notificationOf(
  { finding, inspected: { confirmed } }: FindingWithSteps,
  { store, readUse }: { readonly store: Pick<StoreReader, "events">; readonly readUse: ReadUse },
): Promise<Notification | undefined> {
  if (!isUseFinding(finding) || !isNotifiable(finding)) return undefined;
  const { index, leaf, provider, procedure, catalogue } = finding.evidence;
  const [event] = await store.events([index]);
  const use = event && readUse(event);
  if (event === undefined || use === undefined) return undefined;
  const { notifyBy, notifiedAt } = finding;
  const occurred = occurredIn(event);
  return {
    under: NOTIFIED_UNDER,
    finding,
    ...(confirmed !== undefined && { confirmedAt: confirmed }),
    ...(notifyBy !== undefined && { notifyBy }),
    ...(notifiedAt !== undefined && { notifiedAt }),
    ...(finding.agency !== undefined && { agency: finding.agency }),
    ...(provider !== undefined && { provider }),
    ...(procedure !== undefined && { procedure }),
    catalogue,
    data: {
      people: use.people.length,
      personalData: use.personalData ?? [],
      ...(use.action !== undefined && { action: use.action }),
    },
    ...(occurred !== undefined && { occurred }),
    received: finding.since,
    evidence: { index, leaf },
    ...{ cause: "", consequences: "", measures: "", contact: "" },
  };
}

function occurredIn({ disclosures = "" }: StoredEvent): ClaimedTime["occurred"] | undefined {
  const { time } = facetsOf(disclosures);
  return isJsonObject(time) && typeof time["occurred"] === "string" ? time["occurred"] : undefined;
}
