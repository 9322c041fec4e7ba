import type { Bytes } from "../../protocol/bytes.ts";
import type { Source } from "../../protocol/source.ts";
import type { Bundle } from "../store/store.ts";

/** A submission whose form, signature, events and root were found correct: what receive/ hands to sequence/. */
export interface VerifiedSubmission {
  readonly source: Source;
  readonly first: number;
  readonly count: number;
  readonly kid: string;
  /** Claimed time of signing, Unix seconds. */
  readonly iat: number;
  /** RFC 6962 root over the payloads. */
  readonly root: Bytes;
  readonly jws: string;
  /** The log that its agency belongs in, where that is not this one: only what is stored already is answered. */
  readonly elsewhere?: number;
  /** `count` leaf hashes of 32 bytes each, one after the other. */
  readonly leafHashes: Bytes;
  /** As in NewSubmission. */
  readonly payloads: Bundle;
  readonly sealed: Bundle;
  readonly keys: Bundle;
  /** The request body as received: kept as evidence if this submission contradicts an earlier one. */
  readonly body: Bytes;
}
