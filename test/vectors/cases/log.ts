import { concat, toBase64, utf8 } from "../../../protocol/bytes.ts";
import { formatCheckpoint } from "../../../protocol/checkpoint.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { formatNote, formatVerifierKey, parseNote } from "../../../protocol/note.ts";
import { encodeEntryBundle, entriesPath, tilePath } from "../../../protocol/tile.ts";
import { parseTlogProof } from "../../../protocol/tlog-proof.ts";
import { CHECKPOINT_KEY, sampleCheckpoint, sampleEvents, sampleProof } from "../../protocol/samples.ts";
import { payloadOf } from "../../../protocol/event.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const notes = vectorsOf("notes", "note");
const checkpoints = vectorsOf("checkpoints", "txt");
const keys = vectorsOf("verifier-keys", "vkey");
const proofs = vectorsOf("tlog-proofs", "tlog-proof");
const paths = vectorsOf("tile-paths", "txt");
const bundles = vectorsOf("entry-bundles", "bundle");

const leaves = Array.from({ length: 11 }, (_, at) => leafHash(utf8(`entry ${at}`)));
const signed = sampleCheckpoint(leaves);
const note = parseNote(signed);
const line = signed.split("\n").at(-2) ?? "";
const witness = { name: "witness.example.com/w1", keyId: "8d66cf3f", signature: new Uint8Array(72).fill(1) };
const cosigned = formatNote({ ...note, signatures: [...note.signatures, witness] });

const NOTES: readonly Vector[] = [
  notes.valid("a checkpoint", signed),
  notes.valid("a checkpoint with a witness", cosigned),
  notes.valid("a text with a blank line", formatNote({ text: "first\n\nsecond\n", signatures: [witness] })),
  notes.invalid("note", "nothing", ""),
  notes.invalid("note", "no signature", note.text),
  notes.invalid("note", "no signature behind the blank line", `${note.text}\n`),
  notes.invalid("note", "no blank line", `${note.text}${line}\n`),
  notes.invalid("note", "no final newline", signed.slice(0, -1)),
  notes.invalid("note", "no final newline behind the second signature", cosigned.slice(0, -1)),
  notes.invalid("note", "two final newlines", `${signed}\n`),
  notes.invalid("note", "carriage returns", signed.replaceAll("\n", "\r\n")),
  notes.invalid("note", "a tab", signed.replace("\n", "\t\n")),
  notes.invalid("note", "a hyphen for the em dash", signed.replace("—", "-")),
  notes.invalid("note", "two spaces", signed.replace("— ", "—  ")),
  notes.invalid("note", "a trailing space", signed.replace(/\n$/, " \n")),
  notes.invalid("note", "a plus in the name", signed.replace("— minhbach", "— minh+bach")),
  notes.invalid("note", "a no-break space in the name", signed.replace("— minhbach", "— minh\u00a0bach")),
  notes.invalid("note", "no name", `${note.text}\n— ${toBase64(new Uint8Array(68))}\n`),
  notes.invalid("note", "a key id without a signature", `${note.text}\n— a ${toBase64(new Uint8Array(4))}\n`),
  notes.invalid("base64", "trailing bits", `${note.text}\n— a AAAAAAB=\n`),
  notes.invalid("base64", "no padding", `${note.text}\n— a AAAAAAA\n`),
];

const ROOT = toBase64(new Uint8Array(32));
const CHECKPOINTS: readonly Vector[] = [
  checkpoints.valid("eleven entries", note.text),
  checkpoints.valid(
    "an empty log",
    formatCheckpoint({ origin: CHECKPOINT_KEY.name, size: 0, root: new Uint8Array(32) }),
  ),
  checkpoints.valid("an origin with spaces", `go.sum database tree\n1\n${ROOT}\n`),
  checkpoints.invalid("checkpoint", "no origin", `\n1\n${ROOT}\n`),
  checkpoints.invalid("checkpoint", "no root", "log\n1\n"),
  checkpoints.invalid("checkpoint", "an extension line", `log\n1\n${ROOT}\nextension\n`),
  checkpoints.invalid("checkpoint", "an empty line", `log\n1\n${ROOT}\n\n`),
  checkpoints.invalid("checkpoint", "no final newline", `log\n1\n${ROOT}`),
  checkpoints.invalid("checkpoint", "a leading zero", `log\n01\n${ROOT}\n`),
  checkpoints.invalid("checkpoint", "a negative size", `log\n-1\n${ROOT}\n`),
  checkpoints.invalid("checkpoint", "a size beyond 2 to the 53", `log\n9007199254740992\n${ROOT}\n`),
  checkpoints.invalid("checkpoint", "a size in scientific notation", `log\n1e3\n${ROOT}\n`),
  checkpoints.invalid("checkpoint", "a short root", "log\n1\nAAAA\n"),
  checkpoints.invalid("base64", "a root without padding", `log\n1\n${ROOT.slice(0, -1)}\n`),
];

const vkey = formatVerifierKey(CHECKPOINT_KEY);
const keyBytes = concat(Uint8Array.of(4), CHECKPOINT_KEY.publicKey);
const cosignatureKey = `${CHECKPOINT_KEY.name}+${CHECKPOINT_KEY.keyId}+${toBase64(keyBytes)}`;
const KEYS: readonly Vector[] = [
  keys.valid("the sample checkpoint key", vkey),
  keys.invalid("verifier-key", "another id", vkey.replace(CHECKPOINT_KEY.keyId, "00000000")),
  keys.invalid("verifier-key", "another name", `x${vkey}`),
  keys.invalid("verifier-key", "no name", vkey.slice(CHECKPOINT_KEY.name.length)),
  keys.invalid("verifier-key", "a cosignature key", cosignatureKey),
  keys.invalid("verifier-key", "a short key", vkey.slice(0, -4)),
  keys.invalid("verifier-key", "one part", "example.com"),
];

const proof = sampleProof(leaves, 7);
const head = "c2sp.org/tlog-proof@v1\n";
const { checkpoint } = parseTlogProof(proof);
const PROOFS: readonly Vector[] = [
  proofs.valid("entry 7 of eleven", proof),
  proofs.valid("the only entry", sampleProof(leaves.slice(0, 1), 0)),
  proofs.valid("with extra data", proof.replace("index", "extra AAEC\nindex")),
  proofs.invalid("tlog-proof", "nothing", ""),
  proofs.invalid("tlog-proof", "no final newline", proof.slice(0, -1)),
  proofs.invalid("tlog-proof", "carriage returns", proof.replaceAll("\n", "\r\n")),
  proofs.invalid("tlog-proof", "no checkpoint", `${head}index 0\n\n`),
  proofs.invalid("tlog-proof", "two blank lines", proof.replace("\n\n", "\n\n\n")),
  proofs.invalid("tlog-proof", "another version", proof.replace("@v1", "@v2")),
  proofs.invalid("tlog-proof", "a byte order mark", `\ufeff${proof}`),
  proofs.invalid("tlog-proof", "a leading zero", proof.replace("index 7", "index 07")),
  proofs.invalid("tlog-proof", "a negative index", proof.replace("index 7", "index -7")),
  proofs.invalid(
    "tlog-proof",
    "an index beyond 2 to the 53",
    proof.replace("index 7", "index 9007199254740992"),
  ),
  proofs.invalid("tlog-proof", "no index", proof.replace("index 7\n", "")),
  proofs.invalid("base64", "two index lines", proof.replace("index 7", "index 7\nindex 7")),
  proofs.invalid("base64", "extra data behind the index", `${head}index 7\nextra AAAA\n\n${checkpoint}`),
  proofs.invalid("tlog-proof", "two extra lines", `${head}extra AAAA\nextra AAAA\nindex 7\n\n${checkpoint}`),
  proofs.invalid("base64", "a hash without padding", proof.replace("=\n", "\n")),
  proofs.invalid(
    "tlog-proof",
    "a hash of 31 bytes",
    `${head}index 0\n${toBase64(new Uint8Array(31))}\n\n${checkpoint}`,
  ),
  proofs.invalid("tlog-proof", "54 hashes", `${head}index 0\n${`${ROOT}\n`.repeat(54)}\n${checkpoint}`),
];

const PATHS: readonly Vector[] = [
  paths.valid("a full tile", tilePath({ level: 0, index: 1234067, width: 256 })),
  paths.valid("a partial tile", tilePath({ level: 2, index: 0, width: 1 })),
  paths.valid("the highest level", tilePath({ level: 63, index: 0, width: 1 })),
  paths.valid("a partial entry bundle", entriesPath({ index: 273, width: 112 })),
  ...[
    ["width 0", "tile/0/000.p/0"],
    ["width 256", "tile/0/000.p/256"],
    ["a leading zero in the width", "tile/0/000.p/01"],
    ["no width", "tile/0/000.p/"],
    ["a leading zero in the level", "tile/00/000"],
    ["level 64", "tile/64/000"],
    ["two digits", "tile/0/00"],
    ["four digits", "tile/0/0000"],
    ["superfluous zeros", "tile/0/x000/000"],
    ["no x", "tile/0/001/002"],
    ["an x in the last element", "tile/0/x001/x002"],
    ["a leading slash", "/tile/0/000"],
    ["a trailing slash", "tile/0/000/"],
    ["the parent folder", "tile/0/../000"],
    ["a number beyond 2 to the 53", "tile/0/x010/x000/x000/x000/x000/000"],
    ["digits of another script", "tile/0/٠٠٠"],
    ["a newline", "tile/0/000\n"],
  ].map(([reason = "", path = ""]) => paths.invalid("tile-path", reason, path)),
];

const BUNDLES: readonly Vector[] = [
  bundles.valid("three payloads", encodeEntryBundle(sampleEvents(3).map((event) => utf8(payloadOf(event))))),
  bundles.valid("256 empty entries", encodeEntryBundle(new Array<Uint8Array>(256).fill(new Uint8Array(0)))),
  bundles.invalid("entry-bundle", "nothing", new Uint8Array(0)),
  bundles.invalid("entry-bundle", "half a length", Uint8Array.of(0)),
  bundles.invalid("entry-bundle", "an entry cut short", Uint8Array.of(0, 2, 1)),
  bundles.invalid("entry-bundle", "257 entries", new Uint8Array(2 * 257)),
];

/** What the public log consists of. */
export const LOG_ARTEFACTS: readonly Vector[] = [
  ...NOTES,
  ...CHECKPOINTS,
  ...KEYS,
  ...PROOFS,
  ...PATHS,
  ...BUNDLES,
];
