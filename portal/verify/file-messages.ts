import type { AccusationClaim } from "../../verifier/accusation.ts";
import type { BreachClaim } from "../../verifier/breach.ts";
import type { BundleClaim } from "../../verifier/bundle.ts";
import type { Check } from "../../verifier/checks.ts";
import type { EvidenceClaim, Verdict } from "../../verifier/evidence.ts";
import type { ReceiptWorth } from "../../verifier/receipt-promises.ts";
import type { ListClaim, StatementClaim } from "../../verifier/statement.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import type { Receipt } from "../../protocol/receipt.ts";
import type { Entry } from "./entries.ts";
import type { ComparedWith } from "./messages.ts";

/** Everything that the verifier knows, by what a file says it is. */
export type FileKind = "statement" | "gathered" | "evidence" | "bundle" | "accusation" | "breach" | "receipt";

/** A chain node as a person named it. */
export interface Node {
  /** What messages call it: its host. Its path may hold the person's key to it. */
  readonly name: string;
  readonly url: string;
}

/** A file, and what the person chose to compare it with. */
export interface FileTask {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The statement that this one continues. */
  readonly earlier?: Uint8Array<ArrayBuffer>;
  readonly profile: TrustProfile | undefined;
  /** What the nodes to ask are called; all of them must agree. */
  readonly nodes: readonly string[];
}

/** What a good verdict proves, in the parts that the page shows. */
export type Proven =
  | {
      readonly kind: "statement";
      readonly claim: Omit<StatementClaim, "lists">;
      readonly lists: readonly Omit<ListClaim, "events">[];
      readonly entries: readonly Entry[];
    }
  | { readonly kind: "gathered"; readonly parts: readonly ProvenPart[] }
  | { readonly kind: "evidence"; readonly claim: EvidenceClaim; readonly entries: readonly Entry[] }
  | {
      readonly kind: "bundle";
      readonly claim: Omit<BundleClaim, "items">;
      readonly entries: readonly Entry[];
      /** What became of the promises of each entry's receipt, in the order of the file. */
      readonly receipts: readonly ReceiptWorth[];
    }
  | { readonly kind: "accusation"; readonly claim: AccusationClaim }
  | { readonly kind: "breach"; readonly claim: BreachClaim }
  | { readonly kind: "receipt"; readonly receipt: Receipt; readonly breaches: readonly string[] };

/** What one log's part of a gathered statement proves, however the others fare. */
export interface ProvenPart {
  /** `chainId:registry:logId`, as the file names it. */
  readonly log: string;
  readonly verdict: Verdict;
  /** Null unless this part is good. */
  readonly statement: Extract<Proven, { kind: "statement" }> | null;
}

/** As the verifier says it; and of a receipt, that its log broke it or may yet keep it. */
export type FileVerdict = Verdict | "broken" | "not-due";

export interface CheckedFile {
  /** Undefined where it is nothing that is known. */
  readonly kind: FileKind | undefined;
  readonly verdict: FileVerdict;
  readonly checks: readonly Check[];
  /** Null unless everything was established: nothing unverified is repeated. */
  readonly proven: Proven | null;
  /** SHA-256 of the file, base64url. */
  readonly digest: string;
  readonly comparedWith: ComparedWith | undefined;
  readonly nodes: readonly string[];
}

/** What the page tells the worker. */
export type ToFileWorker =
  | { readonly kind: "check"; readonly id: number; readonly task: FileTask }
  /** What a node answered; without bytes it did not. */
  | {
      readonly kind: "answer";
      readonly question: number;
      readonly status: number;
      readonly bytes: Uint8Array<ArrayBuffer> | undefined;
    };

/** What the worker tells the page. It asks nobody itself: its policy would not let it. */
export type FromFileWorker =
  | {
      readonly kind: "question";
      readonly id: number;
      readonly question: number;
      /** Place of the node in the task. */
      readonly node: number;
      /** A JSON-RPC request. */
      readonly body: string;
    }
  | { readonly kind: "checked"; readonly id: number; readonly file: CheckedFile };
