import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { ConfigError } from "../../server/config.ts";
import { loadSecrets, logPublicKeys, openKeys, recordsDatabase } from "../../server/secrets.ts";

describe("server/secrets", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(tmpdir(), "minhbach-secrets-"));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  it("makes the keys of the embedded shape once, for their owner alone", () => {
    const first = loadSecrets({ dataDir, environment: "embedded" }, {});
    expect(loadSecrets({ dataDir, environment: "embedded" }, {})).to.deep.equal(first);
    const files = readdirSync(path.join(dataDir, "keys"));
    expect(files).to.have.members(["anchorer", "checkpoint", "desk", "ledger", "pepper", "receipt", "vrf"]);
    for (const file of files) {
      expect(statSync(path.join(dataDir, "keys", file)).mode & 0o777, file).to.equal(0o600);
    }
    expect(new Set(Object.values(first).map((secret) => Buffer.from(secret).toString("hex"))).size).to.equal(
      7,
    );
  });

  it("prefers the environment", () => {
    const secrets = loadSecrets({ dataDir, environment: "embedded" }, { RECEIPT_KEY: "ab".repeat(32) });
    expect(secrets.receipt).to.deep.equal(new Uint8Array(32).fill(0xab));
    expect(readdirSync(path.join(dataDir, "keys"))).to.not.include("receipt");
  });

  it("takes where the records are from the environment or a file, and never shows it", () => {
    const url = "postgres://minhbach:secret@db:5432/minhbach";
    const file = path.join(dataDir, "store");
    writeFileSync(file, `${url}\n`, { mode: 0o600 });
    expect(recordsDatabase({})).to.equal(undefined);
    expect([recordsDatabase({ STORE: url }), recordsDatabase({ STORE_FILE: file })]).to.deep.equal([
      url,
      url,
    ]);
    expect(() => recordsDatabase({ STORE: url, STORE_FILE: file })).to.throw(ConfigError, "not both");
    expect(() => recordsDatabase({ STORE: "mysql://minhbach:secret@db" }))
      .to.throw(ConfigError, "STORE must be")
      .with.property("message")
      .that.does.not.include("secret");
  });

  it("takes a key from a file that the environment names, and only from one that is private", () => {
    const file = path.join(dataDir, "receipt.key");
    writeFileSync(file, `${"cd".repeat(32)}\n`, { mode: 0o600 });
    const load = (env: Record<string, string>): unknown =>
      loadSecrets({ dataDir, environment: "embedded" }, env).receipt;
    expect(load({ RECEIPT_KEY_FILE: file })).to.deep.equal(new Uint8Array(32).fill(0xcd));
    expect(() => load({ RECEIPT_KEY_FILE: file, RECEIPT_KEY: "ab".repeat(32) })).to.throw(
      ConfigError,
      "not both",
    );
    chmodSync(file, 0o644);
    expect(() => load({ RECEIPT_KEY_FILE: file }))
      .to.throw(ConfigError, "RECEIPT_KEY_FILE: The file")
      .to.not.match(/cdcd/);
  });

  it("takes no name of a key in a token for what is computed with", async () => {
    const uri = "pkcs11:token=t;object=o?module-path=/nowhere.so&pin-source=/nowhere";
    for (const name of ["VRF_KEY", "PEPPER"]) {
      const open = openKeys({ dataDir, environment: "embedded" }, { [name]: uri });
      const error: unknown = await open.catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(ConfigError).with.property("message").that.contains(name);
    }
  });

  it("makes no key in production", () => {
    expect(() => loadSecrets({ dataDir, environment: "production" }, {})).to.throw(
      ConfigError,
      "CHECKPOINT_KEY",
    );
    expect(readdirSync(dataDir)).to.deep.equal([]);
  });

  it("names an unusable key without showing it", () => {
    const env = { CHECKPOINT_KEY: "deadbeef" };
    expect(() => loadSecrets({ dataDir, environment: "embedded" }, env))
      .to.throw(ConfigError, "CHECKPOINT_KEY")
      .to.not.match(/deadbeef/);
  });

  it("never replaces a damaged key file by a new key", () => {
    loadSecrets({ dataDir, environment: "embedded" }, {});
    writeFileSync(path.join(dataDir, "keys", "receipt"), "");
    expect(() => loadSecrets({ dataDir, environment: "embedded" }, {})).to.throw(ConfigError, "keys/receipt");
  });

  it("gives three different public keys of 32 bytes", () => {
    const keys = Object.values(logPublicKeys(loadSecrets({ dataDir, environment: "embedded" }, {})));
    expect(keys.map((key) => key.length)).to.deep.equal([32, 32, 32]);
    expect(new Set(keys.map((key) => Buffer.from(key).toString("hex"))).size).to.equal(3);
  });
});
