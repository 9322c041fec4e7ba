import { fromBase64url } from "../../protocol/bytes.ts";
import { exchangeHalf } from "../../protocol/exchange.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { indexKeys } from "../../protocol/index-keys.ts";
import { objectionIn } from "../../protocol/objection.ts";
import type { Source } from "../../protocol/source.ts";
import { markKinds, TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import { pepperedTags } from "./index-tags.ts";

/** What is kept with an event's key, so that the event can be found without being opened. */
export interface Tag {
  /** One of TAG_KINDS. */
  readonly kind: number;
  /** 32 bytes, a character each. */
  readonly bytes: string;
}

/** The function that makes the tags of an event; its facets must have passed their schema. */
export function eventTags(pepper: Uint8Array): (source: Source, facets: Facets) => Tag[] {
  const tagOf = pepperedTags(pepper);
  return (source, facets) => {
    const tags = indexKeys(source, facets).map(({ kind, id }): Tag => {
      const byte = TAG_KINDS[kind];
      return { kind: byte, bytes: tagOf(byte, id) };
    });
    const half = exchangeHalf(source, facets);
    if (half !== undefined) {
      const kind = half.side === "client" ? TAG_KINDS.clientHalf : TAG_KINDS.providerHalf;
      // Hashed under one kind, so that both halves have the same bytes and are told apart by the kind before them.
      tags.push({ kind, bytes: tagOf(TAG_KINDS.clientHalf, half.pair) });
    }
    const objection = objectionIn(facets);
    if (objection !== undefined) {
      const kind = objection.state === "made" ? TAG_KINDS.objectionMade : TAG_KINDS.objectionWithdrawn;
      tags.push({ kind, bytes: tagOf(TAG_KINDS.objectionMade, objection.name) });
    }
    return [...tags, ...closedLeaves(facets), ...marks(facets)];
  };
}

const MARK = "\0".repeat(TAG_BYTES - 1);

function marks({ type, handling }: Facets): Tag[] {
  return markKinds(type, handling?.emergency === true).map((kind) => ({ kind, bytes: MARK }));
}

/** The leaf hashes that a seal or an erasure names: they are in the public log, and need no pepper. */
function closedLeaves({ seal, erasure }: Facets): Tag[] {
  const kindOfSeal = seal?.state === "lifted" ? TAG_KINDS.lifts : TAG_KINDS.seals;
  return [
    ...(seal?.leaves ?? []).map((leaf) => leafTag(kindOfSeal, leaf)),
    ...(erasure?.leaves ?? []).map((leaf) => leafTag(TAG_KINDS.erases, leaf)),
  ];
}

function leafTag(kind: number, leaf: string): Tag {
  return { kind, bytes: Buffer.from(fromBase64url(leaf)).toString("latin1") };
}
