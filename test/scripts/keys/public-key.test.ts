import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { expect } from "chai";
import { toHex } from "../../../protocol/bytes.ts";
import { createSigningKey } from "../../../recorder/index.ts";
import { KeysError } from "../../../scripts/keys/error.ts";
import { addressFrom, logKeyFrom, publicKeyFrom } from "../../../scripts/keys/public-key.ts";

const SEED = new Uint8Array(32).fill(7);
const KEY = ed25519.getPublicKey(SEED);

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "taken",
    (cause: unknown) => cause,
  );
  expect(error).to.be.instanceOf(KeysError);
  return String(error);
}

describe("scripts/keys/public-key", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-public-"));
  });
  after(async () => await rm(folder, { recursive: true }));

  it("takes what is public of a key after public:, and says which algorithm it is", async () => {
    expect(await publicKeyFrom(`public:${toHex(KEY)}`, undefined)).to.deep.equal({ alg: "EdDSA", key: KEY });
    const point = p256.getPublicKey(SEED, false);
    expect(await publicKeyFrom(`public:${toHex(point)}`, undefined)).to.deep.equal({
      alg: "ES256",
      key: point,
    });
  });

  it("takes no bare hexadecimal, which may be a private key, and does not repeat it", async () => {
    for (const bare of [
      toHex(SEED),
      `0x${toHex(SEED)}`,
      toHex(SEED).toUpperCase(),
      toHex(p256.getPublicKey(SEED, false)),
    ])
      for (const from of [publicKeyFrom, logKeyFrom, addressFrom]) {
        const said = await refusal(from(bare, undefined));
        expect(said).to.contain("public:HEX").and.not.contain(bare);
      }
  });

  it("refuses what is no public key, or no safe one, after public:", async () => {
    for (const hex of ["", "00", `${toHex(KEY)}00`, "zz".repeat(32), "00".repeat(32)])
      await refusal(publicKeyFrom(`public:${hex}`, undefined));
  });

  it("reads what is public of the key in a file", async () => {
    const seedFile = path.join(folder, "new-receipt.key");
    await writeFile(seedFile, `${toHex(SEED)}\n`, { mode: 0o600 });
    expect(await logKeyFrom(seedFile, undefined)).to.deep.equal(KEY);
    const pem = path.join(folder, "recorder.pem");
    const { publicKey } = await createSigningKey(pem, "ES256");
    expect(await publicKeyFrom(pem, undefined)).to.deep.equal({ alg: "ES256", key: publicKey });
    expect(await refusal(logKeyFrom(pem, undefined))).to.contain("Ed25519");
  });
});
