import { createHash } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import { KeyError } from "../../keys/errors.ts";
import { openPkcs11Key } from "../../keys/pkcs11-key.ts";
import { skipBecause } from "../skip-because.ts";
import { makeSoftToken, type SoftToken, whyNoSoftHsm } from "./softhsm.ts";

const DATA = new TextEncoder().encode("some bytes to sign");

async function failure(work: Promise<unknown>): Promise<KeyError> {
  try {
    await work;
  } catch (error) {
    expect(error).to.be.instanceOf(KeyError);
    return error as KeyError;
  }
  throw new Error("it should have failed");
}

describe("keys/pkcs11-key (SoftHSM)", function () {
  this.timeout(600_000);
  let token: SoftToken;
  let given = 0;

  before(function () {
    const why = whyNoSoftHsm();
    if (why !== undefined) skipBecause(this, why);
    token = makeSoftToken();
    after(() => token.destroy());
    token.makeKey("receipt", "EC:edwards25519");
    token.makeKey("recorder", "EC:prime256v1");
    token.makeKey("anchorer", "EC:secp256k1");
  });

  it("signs with Ed25519 so that everybody's verifier takes it", async () => {
    const key = await openPkcs11Key(token.uri("receipt"));
    expect(key.curve).to.equal("ed25519");
    expect(ed25519.verify(await key.sign(DATA), DATA, key.publicKey, { zip215: false })).to.equal(true);
  });

  it("signs with P-256 over the SHA-256 of the data", async () => {
    const key = await openPkcs11Key(token.uri("recorder"));
    expect(key.curve).to.equal("p256");
    const signature = await key.sign(DATA);
    expect(p256.verify(signature, DATA, key.publicKey, { lowS: false, prehash: true })).to.equal(true);
  });

  it("signs a digest with secp256k1", async () => {
    const key = await openPkcs11Key(token.uri("anchorer"));
    expect(key.curve).to.equal("secp256k1");
    const digest = createHash("sha256").update(DATA).digest();
    const signature = await key.sign(digest);
    expect(secp256k1.verify(signature, digest, key.publicKey, { lowS: false, prehash: false })).to.equal(
      true,
    );
  });

  it("gives each of many signatures asked for at once its own data's", async () => {
    const key = await openPkcs11Key(token.uri("receipt"));
    const texts = Array.from({ length: 200 }, (_, n) => new TextEncoder().encode(`receipt ${n}`));
    const signatures = await Promise.all(texts.map((text) => key.sign(text)));
    for (const [n, signature] of signatures.entries())
      expect(ed25519.verify(signature, texts[n] ?? DATA, key.publicKey), String(n)).to.equal(true);
  });

  it("fails while the token is out, and goes on when it is back", async () => {
    const key = await openPkcs11Key(token.uri("receipt"));
    const other = await openPkcs11Key(token.uri("recorder"));
    token.takeOut();
    try {
      const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(() => key.sign(DATA)));
      expect(outcomes.map(({ status }) => status)).to.deep.equal(outcomes.map(() => "rejected"));
      await failure(other.sign(DATA));
    } finally {
      token.putBack();
    }
    expect(ed25519.verify(await key.sign(DATA), DATA, key.publicKey)).to.equal(true);
    const signature = await other.sign(DATA);
    expect(p256.verify(signature, DATA, other.publicKey, { lowS: false, prehash: true })).to.equal(true);
  });

  it("says which part of the name is wrong", async () => {
    expect((await failure(openPkcs11Key(token.uri("nobody's")))).code).to.equal("no-key");
    const elsewhere = token.uri("receipt").replace(/token=[^;]+/, "token=another");
    expect((await failure(openPkcs11Key(elsewhere))).code).to.equal("no-token");
    const nowhere = token.uri("receipt").replace(/module-path=[^&]+/, "module-path=/nowhere.so");
    expect((await failure(openPkcs11Key(nowhere))).code).to.equal("no-library");
    expect((await failure(openPkcs11Key(token.uriWithoutPin("receipt")))).code).to.equal("bad-uri");
  });

  for (const curve of ["edwards25519", "prime256v1", "secp256k1"] as const)
    it(`refuses public keys that are not the private one's alone (${curve})`, async () => {
      const label = `mixed ${curve}`;
      const [id, second, third] = [freshId(), freshId(), freshId()];
      for (const each of [id, second, third])
        token.tool("--keypairgen", "--key-type", `EC:${curve}`, "--label", label, "--id", each);
      const uri = token.uri(label).replace("?", `;id=%${id}?`);
      expect((await openPkcs11Key(uri)).publicKey).to.have.length(curve === "edwards25519" ? 32 : 65);

      token.tool("--delete-object", "--type", "pubkey", "--id", id);
      token.tool("--set-id", id, "--type", "pubkey", "--id", second);
      expect((await failure(openPkcs11Key(uri))).code).to.equal("mismatch");

      token.tool("--set-id", id, "--type", "pubkey", "--id", third);
      const several = await failure(openPkcs11Key(uri));
      expect(several.code).to.equal("no-key");
      expect(several.message).to.contain("several public keys");
    });

  it("takes the PIN from its caller where the URI names no file", async () => {
    const key = await openPkcs11Key(token.uriWithoutPin("receipt"), token.pin);
    expect(key.curve).to.equal("ed25519");
  });

  it("refuses a PIN file that others can read", async () => {
    chmodSync(token.pinFile, 0o644);
    try {
      expect((await failure(openPkcs11Key(token.uri("receipt")))).code).to.equal("bad-file");
    } finally {
      chmodSync(token.pinFile, 0o600);
    }
  });

  it("says that a PIN is wrong without showing it", async () => {
    const wrong = path.join(path.dirname(token.pinFile), "wrong");
    writeFileSync(wrong, "no such pin\n", { mode: 0o600 });
    await beginAnew();
    const error = await failure(openPkcs11Key(token.uri("receipt").replace(token.pinFile, wrong)));
    expect(error.code).to.equal("wrong-pin");
    expect(error.message).to.not.contain("no such pin");
  });

  it("never gives a refused PIN to the token again, for a token locks itself", async () => {
    const key = await openPkcs11Key(token.uri("receipt"));
    token.changePin(token.pin, "another");
    try {
      await beginAnew();
      expect((await failure(key.sign(DATA))).code).to.equal("wrong-pin");
    } finally {
      token.changePin("another", token.pin);
    }
    // It is right again, which only a new start may find out; other tokens and PINs are not concerned.
    expect((await failure(key.sign(DATA))).code).to.equal("wrong-pin");
    expect((await failure(openPkcs11Key(token.uri("recorder")))).code).to.equal("wrong-pin");
    token.changePin(token.pin, "another");
    expect((await openPkcs11Key(token.uriWithoutPin("receipt"), "another")).curve).to.equal("ed25519");
  });

  /** That no key of the token has. */
  function freshId(): string {
    given++;
    return (0xa0 + given).toString(16);
  }

  /** After a failure the library begins anew: whoever is logged in needs no PIN. */
  async function beginAnew(): Promise<void> {
    await failure(openPkcs11Key(token.uri("nobody's")));
  }
});
