import { MAX_BREACH_LENGTH } from "../protocol/breach.ts";
import { MAX_EVIDENCE_LENGTH } from "../protocol/evidence.ts";
import { verifyBreach } from "../verifier/breach.ts";
import type { ChainReader } from "../verifier/chain.ts";
import type { Check } from "../verifier/checks.ts";
import { type Verdict, verifyEvidence } from "../verifier/evidence.ts";
import type { TrustProfile } from "../verifier/trust-profile.ts";
import { renderBreachClaim, renderEvidenceClaim } from "./claims.ts";
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
  ) => Promise<Verified>;
}

const EVIDENCE: Artefact = {
  noun: "evidence",
  async verify(...given) {
    const report = await verifyEvidence(...given);
    return { report, renderClaim: (terminal) => shown(report.claim, renderEvidenceClaim, terminal) };
  },
};

/** By the member `type` of the file. */
const ARTEFACTS: ReadonlyMap<unknown, Artefact> = new Map([
  ["minhbach/evidence", EVIDENCE],
  [
    "minhbach/breach",
    {
      noun: "breach",
      async verify(...given) {
        const report = await verifyBreach(...given);
        return { report, renderClaim: (terminal) => shown(report.claim, renderBreachClaim, terminal) };
      },
    },
  ],
]);

/** Nothing in these files takes more than three bytes a character: they are ASCII but for the dashes of signature lines. */
export const MAX_ARTEFACT_BYTES = 3 * Math.max(MAX_EVIDENCE_LENGTH, MAX_BREACH_LENGTH);

/** What a file says it is; evidence where it says nothing readable, whose verifier then says what is wrong. */
export function artefactOf(bytes: Uint8Array): Artefact {
  return ARTEFACTS.get(typeOf(new TextDecoder().decode(bytes))) ?? EVIDENCE;
}

/** The member `type`, of the first line where the file has one object a line. The verifiers parse strictly. */
function typeOf(text: string): unknown {
  for (const part of [text, text.slice(0, text.indexOf("\n") + 1)]) {
    try {
      const value: unknown = JSON.parse(part);
      return typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    } catch {
      // Not JSON; perhaps its first line is.
    }
  }
  return undefined;
}

function shown<T>(
  claim: T | null,
  render: (claim: T, terminal: Terminal) => readonly string[],
  terminal: Terminal,
): readonly string[] {
  return claim === null ? [] : render(claim, terminal);
}
