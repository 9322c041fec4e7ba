import { sha256 } from "#sha256";
import { toHex, utf8 } from "../../../protocol/bytes.ts";
import type { IndexKind } from "../../../protocol/index-keys.ts";
import { entryCommitment, indexKey } from "../../../protocol/index-tree.ts";
import { leafHash, rootHash } from "../../../protocol/merkle.ts";
import { expandVrfSecretKey, proveVrf, vrfOutput } from "../../../protocol/vrf.ts";
import { VRF_SEED } from "../../protocol/statement-samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("index-keys", "json");
const secret = expandVrfSecretKey(VRF_SEED);

/** An id with everything that follows from it, for a list of `count` events. */
function keyOf(kind: IndexKind, id: string, count: number) {
  const proof = kind === "consent" ? undefined : proveVrf(secret, utf8(id));
  const output = proof === undefined ? undefined : vrfOutput(proof);
  const leaves = Array.from({ length: count }, (_, at) => leafHash(utf8(`event ${at}`)));
  const entry = { count, blinding: sha256(utf8(`blinding of ${id}`)), treeRoot: rootHash(leaves) };
  return {
    kind,
    id,
    seed: toHex(VRF_SEED),
    vrfKey: toHex(secret.publicKey),
    vrf: proof === undefined ? null : toHex(proof),
    output: output === undefined ? null : toHex(output),
    key: toHex(indexKey(kind, output ?? utf8(id))),
    entry: { count, blinding: toHex(entry.blinding), treeRoot: toHex(entry.treeRoot) },
    commitment: toHex(entryCommitment(entry)),
  };
}

const text = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
const person = keyOf("person", "vn-cccd:001099012345", 3);
const vrf = person.vrf ?? "";
/** The points of order 4 and 1, and a spelling of the latter that RFC 8032 does not decode. */
const [ORDER_4, IDENTITY, NOT_CANONICAL] = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `ee${"ff".repeat(30)}7f`,
];
const scalar = BigInt(`0x${(vrf.slice(96).match(/../g) ?? []).reverse().join("")}`);
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const unreduced = ((scalar + ORDER).toString(16).padStart(64, "0").match(/../g) ?? []).reverse().join("");

export const INDEX_KEYS: readonly Vector[] = [
  valid("a person", text(person)),
  valid("a newborn without a number", text(keyOf("person", "vn-newborn:51001.GCS.00042.26", 1))),
  valid("an official", text(keyOf("official", "agent:VN%2FGOV%2Fqn-justice%2Fcivil/nguyen.van.a", 1000))),
  valid("a consent", text(keyOf("consent", "consent:c-2026-1", 1))),

  invalid("vrf", "somebody else's proof", text({ ...person, id: "vn-cccd:001099012346" })),
  invalid(
    "vrf",
    "another log's key",
    text({ ...person, vrfKey: toHex(expandVrfSecretKey(sha256(utf8("other"))).publicKey) }),
  ),
  invalid("vrf", "a key of order 4", text({ ...person, vrfKey: ORDER_4 })),
  invalid("vrf", "a key of order 1", text({ ...person, vrfKey: IDENTITY })),
  invalid("vrf", "a key that is not canonical", text({ ...person, vrfKey: NOT_CANONICAL })),
  invalid("vrf", "gamma that is not canonical", text({ ...person, vrf: NOT_CANONICAL + vrf.slice(64) })),
  invalid(
    "vrf",
    "another challenge",
    text({ ...person, vrf: vrf.slice(0, 64) + "00".repeat(16) + vrf.slice(96) }),
  ),
  invalid("vrf", "a scalar that is not reduced", text({ ...person, vrf: vrf.slice(0, 96) + unreduced })),
  invalid("vrf", "a byte too few", text({ ...person, vrf: vrf.slice(0, -2) })),
  invalid("vrf", "a byte too many", text({ ...person, vrf: `${vrf}00` })),
];
