import { keyId, verifyJws } from "../../protocol/jws.ts";
import { type Decision, decisionMisuse, parseDecision } from "../../protocol/decision-jws.ts";
import { FormatError } from "../../protocol/errors.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import type { ChainReader } from "../../verifier/chain.ts";
import { logOf, type TrustProfile } from "../../verifier/trust-profile.ts";
import { askingAgency, type ExchangeMessage, type PersonNumber } from "./message.ts";

/** Why a provider releases nothing. */
export type RefusalReason =
  | "no-decision"
  | "not-a-decision"
  | "not-signed-by-the-log"
  | "another-provider"
  | NonNullable<ReturnType<typeof decisionMisuse>>;

export type Permission =
  | { readonly permits: true; readonly decision: Decision }
  | { readonly permits: false; readonly reason: RefusalReason };

export interface Asked {
  readonly message: ExchangeMessage;
  readonly subject: PersonNumber;
  readonly personalData: readonly string[];
}

/** Decides whether a request may be answered, by the ledger's signed decision that it brings. Rejects while the chain cannot be read. */
export type CheckPermission = (asked: Asked) => Promise<Permission>;

export interface PermissionOptions {
  /** The provider's own agency code. */
  readonly agency: string;
  /** Which log to trust. */
  readonly trust: TrustProfile;
  readonly chain: Pick<ChainReader, "latestBlock" | "logKeysAt">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A wrong signature makes the chain be asked again, but not more often than this: keys are changed on few days of a year. */
const KEY_INTERVAL_MS = 10_000;

/**
 * Checks decisions by themselves: the log's signature by its receipt key on the chain, then that the decision is about this very reading. The ledger
 * is not asked, so a provider answers while the ledger is away as long as decisions in hand are good.
 */
export function permissionChecker({ agency, trust, chain, now }: PermissionOptions): CheckPermission {
  const log = formatLogId(logOf(trust));
  let known: { readonly kid: string; readonly key: Uint8Array; readonly at: number } | undefined;

  async function receiptKey(kid: string): Promise<Uint8Array | undefined> {
    const isDue = known === undefined || (known.kid !== kid && now() - known.at >= KEY_INTERVAL_MS);
    if (isDue) {
      const keys = await chain.logKeysAt(trust.anchorRegistry, trust.logId, await chain.latestBlock());
      known = { kid: keyId("EdDSA", keys.receipt), key: keys.receipt, at: now() };
    }
    return known?.kid === kid ? known.key : undefined;
  }

  return async ({ message, subject, personalData }) => {
    if (message.decision === undefined) return { permits: false, reason: "no-decision" };
    const parsed = parsedOrUndefined(message.decision);
    if (parsed === undefined) return { permits: false, reason: "not-a-decision" };
    const { jws, decision } = parsed;
    const key = await receiptKey(jws.header.kid);
    const isSigned = key !== undefined && verifyJws(jws, { alg: "EdDSA", key });
    if (!isSigned || formatLogId(decision.log) !== log)
      return { permits: false, reason: "not-signed-by-the-log" };
    if (decision.provider !== undefined && decision.provider !== agency)
      return { permits: false, reason: "another-provider" };
    const reason = decisionMisuse(decision, {
      ...{ agency: askingAgency(message), procedure: message.procedure, people: [subject], personalData },
      at: Math.floor(now() / 1000),
    });
    return reason === undefined ? { permits: true, decision } : { permits: false, reason };
  };
}

function parsedOrUndefined(text: string): ReturnType<typeof parseDecision> | undefined {
  try {
    return parseDecision(text);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** What the person, and the agency that asked, read about a refusal. */
export const REFUSALS: Readonly<Record<RefusalReason, { readonly vi: string; readonly en: string }>> = {
  "no-decision": {
    vi: "Yêu cầu không kèm quyết định của sổ cái, nên không được cung cấp dữ liệu.",
    en: "The request brought no decision of the ledger, so nothing was released.",
  },
  "not-a-decision": {
    vi: "Nội dung kèm theo không phải là quyết định của sổ cái.",
    en: "What the request brought is no decision of the ledger.",
  },
  "not-signed-by-the-log": {
    vi: "Quyết định không do sổ cái này ký.",
    en: "The decision is not signed by this ledger.",
  },
  "another-provider": {
    vi: "Quyết định dành cho cơ quan cung cấp khác.",
    en: "The decision is for another provider.",
  },
  denied: { vi: "Sổ cái đã quyết định không cho phép.", en: "The ledger decided against it." },
  "another-agency": {
    vi: "Quyết định cấp cho cơ quan khác.",
    en: "The decision was given to another agency.",
  },
  "another-procedure": { vi: "Quyết định cho thủ tục khác.", en: "The decision is for another procedure." },
  "another-person": { vi: "Quyết định về người khác.", en: "The decision is about another person." },
  "more-categories": {
    vi: "Yêu cầu nhiều loại dữ liệu hơn quyết định cho phép.",
    en: "More categories were asked for than the decision allows.",
  },
  "another-time": { vi: "Quyết định đã hết hiệu lực.", en: "The decision is not good any more." },
};
