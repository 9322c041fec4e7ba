import { BUNDLE_TYPE } from "../protocol/bundle.ts";
import { GATHERED_TYPE } from "../protocol/gathered.ts";
import { MAX_STATEMENT_BYTES, STATEMENT_TYPE } from "../protocol/statement.ts";
import { verifyAccusation } from "../verifier/accusation.ts";
import { verifyBreach } from "../verifier/breach.ts";
import { verifyBundle } from "../verifier/bundle.ts";
import type { ChainReader } from "../verifier/chain.ts";
import type { Check } from "../verifier/checks.ts";
import { type Verdict, verifyEvidence } from "../verifier/evidence.ts";
import { verifyGathered } from "../verifier/gathered.ts";
import { type StatementOptions, verifyStatement } from "../verifier/statement.ts";
import type { TrustProfile } from "../verifier/trust-profile.ts";
import { renderBundleClaim } from "./bundle-claim.ts";
import { renderAccusationClaim, renderBreachClaim, renderEvidenceClaim } from "./claims.ts";
import { renderGathered } from "./gathered-claim.ts";
import { renderStatementClaim } from "./statement-claim.ts";
import type { Terminal } from "./terminal.ts";

/** What a verifier answers, and how to show a person what is proven. */
export interface Verified {
  /** What `--json` prints. */
  readonly report: {
    readonly verdict: Verdict;
    readonly checks: readonly Check[];
    readonly claim: object | null;
  };
  readonly renderClaim: (terminal: Terminal) => readonly string[];
}

/** A kind of file that can be verified. */
export interface Artefact {
  /** What messages call it. */
  readonly noun: string;
  readonly verify: (
    bytes: Uint8Array,
    profile: TrustProfile | undefined,
    chain: ChainReader | undefined,
    options?: StatementOptions,
  ) => Promise<Verified>;
  /** Whether a file of this kind may continue an earlier one. */
  readonly continues?: true;
  /** Whether it is about somebody. */
  readonly isAbout?: true;
}

const EVIDENCE: Artefact = {
  noun: "evidence",
  async verify(bytes, profile, chain) {
    const report = await verifyEvidence(bytes, profile, chain);
    return { report, renderClaim: (terminal) => shown(report.claim, renderEvidenceClaim, terminal) };
  },
};

/** By the member `type` of the file. */
const ARTEFACTS: ReadonlyMap<unknown, Artefact> = new Map([
  ["minhbach/evidence", EVIDENCE],
  [
    STATEMENT_TYPE,
    {
      noun: "statement",
      continues: true,
      isAbout: true,
      async verify(bytes, profile, chain, options) {
        const report = await verifyStatement(bytes, profile, chain, options);
        return { report, renderClaim: (terminal) => shown(report.claim, renderStatementClaim, terminal) };
      },
    },
  ],
  [
    GATHERED_TYPE,
    {
      noun: "gathered statement",
      isAbout: true,
      async verify(bytes, profile, chain, options) {
        const report = await verifyGathered(bytes, profile, chain, options);
        return { report, renderClaim: (terminal) => renderGathered(report, terminal) };
      },
    },
  ],
  [
    BUNDLE_TYPE,
    {
      noun: "evidence bundle",
      async verify(bytes, profile, chain) {
        const report = await verifyBundle(bytes, profile, chain);
        return { report, renderClaim: (terminal) => shown(report.claim, renderBundleClaim, terminal) };
      },
    },
  ],
  [
    "minhbach/accusation",
    {
      noun: "accusation",
      async verify(bytes, profile, chain) {
        const report = await verifyAccusation(bytes, profile, chain);
        return { report, renderClaim: (terminal) => shown(report.claim, renderAccusationClaim, terminal) };
      },
    },
  ],
  [
    "minhbach/breach",
    {
      noun: "breach",
      async verify(bytes, profile, chain) {
        const report = await verifyBreach(bytes, profile, chain);
        return { report, renderClaim: (terminal) => shown(report.claim, renderBreachClaim, terminal) };
      },
    },
  ],
]);

/** The longest of them hold a statement. Each verifier refuses what is too long for its own kind. */
export const MAX_ARTEFACT_BYTES = MAX_STATEMENT_BYTES;

/** What a file says it is; evidence where it says nothing readable, whose verifier then says what is wrong. */
export function artefactOf(bytes: Uint8Array): Artefact {
  return ARTEFACTS.get(typeOf(new TextDecoder().decode(bytes))) ?? EVIDENCE;
}

/** The member `type`, of the first line where the file has one object a line. The verifiers parse strictly. */
export function typeOf(text: string): unknown {
  for (const part of [text, text.slice(0, text.indexOf("\n") + 1)]) {
    try {
      const value: unknown = JSON.parse(part);
      return typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    } catch {
      // Not JSON; perhaps its first line is.
    }
  }
  // A file that was cut off still says at its beginning what it was.
  return /^\s*\{\s*"type"\s*:\s*"(minhbach\/[a-z-]+)"/.exec(text)?.[1];
}

function shown<T>(
  claim: T | null,
  render: (claim: T, terminal: Terminal) => readonly string[],
  terminal: Terminal,
): readonly string[] {
  return claim === null ? [] : render(claim, terminal);
}
