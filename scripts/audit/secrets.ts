import { createHmac, hkdfSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { u64, utf8 } from "../../protocol/bytes.ts";
import { exchangeHalf } from "../../protocol/exchange.ts";
import { fromBase64url } from "../../protocol/bytes.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { type IndexKey, indexKeys } from "../../protocol/index-keys.ts";
import { indexKey } from "../../protocol/index-tree.ts";
import { objectionIn } from "../../protocol/objection.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import { expandVrfSecretKey, proveVrf, vrfOutput } from "../../protocol/vrf.ts";
import { AuditInputError } from "./error.ts";

/** What only the operator has, and the audit needs to compute tags and keys anew; undefined where it is not given. */
export interface AuditSecrets {
  readonly pepper: Uint8Array | undefined;
  readonly vrf: Uint8Array | undefined;
}

const SECRET_BYTES = 32;

/** From the environment (PEPPER, VRF_KEY), else from the data folder's keys. Nothing is made when it is missing. */
export async function readSecrets(
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AuditSecrets> {
  const secret = async (variable: string, name: string): Promise<Uint8Array | undefined> => {
    const file = path.join(dataDir, "keys", name);
    const text = env[variable] ?? (await readFile(file, "utf8").catch(() => undefined));
    if (text === undefined) return undefined;
    const bytes = Buffer.from(text.trim().replace(/^0x/, ""), "hex");
    if (bytes.length === SECRET_BYTES) return new Uint8Array(bytes);
    throw new AuditInputError(
      `${env[variable] === undefined ? file : variable} must be 32 bytes as 64 hex digits.`,
    );
  };
  return { pepper: await secret("PEPPER", "pepper"), vrf: await secret("VRF_KEY", "vrf") };
}

/** The tags of an event: u8 kind and 32 bytes each, one after the other, as they have to stand beside its key. */
export function tagsOf(pepper: Uint8Array, source: Source, facets: Facets): Buffer {
  const tags = indexKeys(source, facets).map((key) =>
    tagOf(pepper, TAG_KINDS[key.kind], TAG_KINDS[key.kind], key.id),
  );
  const half = exchangeHalf(source, facets);
  if (half !== undefined) {
    const kind = half.side === "client" ? TAG_KINDS.clientHalf : TAG_KINDS.providerHalf;
    tags.push(tagOf(pepper, kind, TAG_KINDS.clientHalf, half.pair));
  }
  const objection = objectionIn(facets);
  if (objection !== undefined) {
    const kind = objection.state === "made" ? TAG_KINDS.objectionMade : TAG_KINDS.objectionWithdrawn;
    tags.push(tagOf(pepper, kind, TAG_KINDS.objectionMade, objection.name));
  }
  const named = (kind: number, leaves: readonly string[] = []): void => {
    for (const leaf of leaves) tags.push(Buffer.concat([Buffer.of(kind), fromBase64url(leaf)]));
  };
  named(facets.seal?.state === "lifted" ? TAG_KINDS.lifts : TAG_KINDS.seals, facets.seal?.leaves);
  named(TAG_KINDS.erases, facets.erasure?.leaves);
  tags.push(...marksOf(facets));
  return Buffer.concat(tags);
}

/** `u8 kind || 32 zero bytes` for events of a rare type, and for one of an emergency. */
function marksOf({ type, handling }: Facets): Buffer[] {
  const ofType = new Map<string, number>([
    ["consent", TAG_KINDS.consentAct],
    ["mandate", TAG_KINDS.mandateAct],
    ["complaint", TAG_KINDS.complaintAct],
    ["inspection", TAG_KINDS.inspectionAct],
    ["seal", TAG_KINDS.sealAct],
    ["erasure", TAG_KINDS.erasureAct],
    ["catalogue", TAG_KINDS.catalogueAct],
  ]).get(type);
  const kinds = [ofType, handling?.emergency === true ? TAG_KINDS.emergency : undefined];
  return kinds.flatMap((kind) => (kind === undefined ? [] : [Buffer.concat([Buffer.of(kind)], TAG_BYTES)]));
}

/** The 32 bytes that stand for a person and a procedure (`objectionName`), in hexadecimal. */
export function objectionTag(pepper: Uint8Array, name: string): string {
  const kind = TAG_KINDS.objectionMade;
  return tagOf(pepper, kind, kind, name).toString("hex", 1);
}

/** `u8 kind || HMAC-SHA256(pepper, u8 hashed || UTF-8 text)`. */
function tagOf(pepper: Uint8Array, kind: number, hashed: number, text: string): Buffer {
  const hmac = createHmac("sha256", pepper).update(Buffer.of(hashed)).update(text, "utf8").digest();
  return Buffer.concat([Buffer.of(kind), hmac]);
}

/** Computes index tree keys and blindings, as only the holder of the VRF's seed can. */
export interface IndexSecrets {
  readonly publicKey: Uint8Array;
  readonly keyOf: (key: IndexKey) => Uint8Array;
  readonly blinding: (key: Uint8Array, count: number) => Uint8Array;
}

export function indexSecrets(seed: Uint8Array): IndexSecrets {
  const secret = expandVrfSecretKey(seed);
  const blindingSecret = new Uint8Array(
    hkdfSync("sha256", seed, new Uint8Array(), "minhbach/index/blinding/v1", 32),
  );
  return {
    publicKey: secret.publicKey,
    keyOf: ({ kind, id }) =>
      indexKey(kind, kind === "consent" ? utf8(id) : vrfOutput(proveVrf(secret, utf8(id)))),
    blinding: (key, count) =>
      new Uint8Array(createHmac("sha256", blindingSecret).update(key).update(u64(count)).digest()),
  };
}
