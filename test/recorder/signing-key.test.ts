import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { utf8 } from "../../protocol/bytes.ts";
import { isSafePublicKey, parseCompactJws, signJws, verifyJws } from "../../protocol/jws.ts";
import { createSigningKey, readSigningKey } from "../../recorder/signing-key.ts";

describe("signing key", () => {
  let directory: string;
  const file = () => path.join(directory, "key.pem");
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-key-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const alg of ["EdDSA", "ES256"] as const) {
    it(`signs ${alg} as the protocol verifies it, the same after it is read again`, async () => {
      const made = await createSigningKey(file(), alg);
      const read = await readSigningKey(file());
      expect({ alg: read.alg, kid: read.kid }).to.deep.equal({ alg, kid: made.kid });
      const publicKey = { alg, key: made.publicKey };
      expect(isSafePublicKey(publicKey)).to.equal(true);
      const jws = signJws({ alg, kid: read.kid, typ: "submission+jws" }, { a: 1 }, read.sign);
      expect(verifyJws(parseCompactJws(jws, "submission+jws"), publicKey)).to.equal(true);
      expect(read.sign(utf8("x"))).to.have.length(64);
    });
  }

  it("is refused when others can read it", async () => {
    await createSigningKey(file());
    await chmod(file(), 0o604);
    const error = await readSigningKey(file()).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "bad-key-file" });
    expect(String(error)).to.contain("chmod 600");
  });

  it("is never overwritten", async () => {
    await createSigningKey(file());
    const before = await readFile(file());
    expect(await createSigningKey(file()).catch((thrown: unknown) => thrown)).to.include({
      code: "bad-key-file",
    });
    expect(await readFile(file())).to.deep.equal(before);
  });

  it("is refused when it is no key, another kind of key, or missing", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
      type: "pkcs8",
      format: "pem",
    });
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({
      type: "pkcs8",
      format: "pem",
    });
    for (const text of ["no key", rsa, p384, "x".repeat(10_000)]) {
      await writeFile(file(), text, { mode: 0o600 });
      expect(await readSigningKey(file()).catch((thrown: unknown) => thrown)).to.include({
        code: "bad-key-file",
      });
    }
    expect(await readSigningKey(`${file()}.none`).catch((thrown: unknown) => thrown)).to.include({
      code: "bad-key-file",
    });
  });
});
