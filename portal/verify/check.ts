import { sha256 } from "#sha256";

import { toBase64url } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import type { IndexKey } from "../../protocol/index-keys.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { ChainError, type ChainReader } from "../../verifier/chain.ts";
import { verifyStatement } from "../../verifier/statement.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { entriesOf, type Entry } from "./entries.ts";
import type { CheckedStatement, ComparedWith } from "./messages.ts";

export interface CheckingWith {
  /** Whom or what it must be about. */
  readonly about: IndexKey;
  /** Without a profile and a chain only the statement's own consistency is checked. */
  readonly profile: TrustProfile | undefined;
  readonly chain: ChainReader | undefined;
}

/** Verifies a statement, and reads what it lists. Never throws on hostile bytes. */
export async function checkStatement(
  bytes: Uint8Array<ArrayBuffer>,
  { about, profile, chain }: CheckingWith,
): Promise<CheckedStatement> {
  const { verdict, checks, claim } = await verifyStatement(bytes, profile, chain, { about });
  return {
    verdict,
    checks,
    ...readStatement(bytes),
    fixedAt: claim?.anchor.time,
    comparedWith: profile && comparedWith(profile),
    logs: claim === null ? undefined : await logsBeside({ profile, chain }),
    file: new Blob([bytes], { type: "application/json" }),
    digest: toBase64url(sha256(bytes)),
  };
}

/** Of more logs it is not asked which of them hold anything. */
const MAX_LOGS = 32;

/** What one statement cannot show: that there are other logs. Those that nothing is in, and those that another one continues, are none. */
async function logsBeside({
  profile,
  chain,
}: Pick<CheckingWith, "profile" | "chain">): Promise<CheckedStatement["logs"]> {
  if (profile === undefined || chain === undefined) return undefined;
  const { anchorRegistry: registry, logId: own } = profile;
  try {
    const all = await chain.logCount(registry);
    if (all > MAX_LOGS) return { own, count: all };
    const others = Array.from({ length: all }, (_, n) => n + 1).filter((logId) => logId !== own);
    const live = await Promise.all(
      others.map(
        async (logId) =>
          (await chain.anchorCount(registry, logId)) > 0 &&
          (await chain.logState(registry, logId)).successor === 0,
      ),
    );
    return { own, count: 1 + live.filter(Boolean).length };
  } catch (error) {
    if (error instanceof ChainError) return undefined;
    throw error;
  }
}

function readStatement(bytes: Uint8Array): {
  readonly entries: readonly Entry[];
  readonly horizon: number | undefined;
} {
  try {
    const statement = parseStatement(bytes);
    return { entries: entriesOf(statement), horizon: statement.horizon };
  } catch (error) {
    if (error instanceof FormatError) return { entries: [], horizon: undefined };
    throw error;
  }
}

/** What of a profile the pages show, and remember. */
/** What the page says of the log that was compared with. */
export function comparedWith(profile: TrustProfile): ComparedWith {
  const { name, environment, chainId, genesisHash, anchorRegistry, agencyRegistry, logId } = profile;
  return {
    name,
    environment,
    identity: [chainId, genesisHash, anchorRegistry, agencyRegistry, logId].join(":"),
  };
}
