import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { ed25519 } from "@noble/curves/ed25519.js";
import { utf8 } from "../../../protocol/bytes.ts";
import { verifyVrf } from "../../../protocol/vrf.ts";
import { javascriptVrf, loadVrf } from "../../../server/index/vrf.ts";
import { vrfPool } from "../../../server/index/vrf-pool.ts";

/** Platforms for which the package holds binaries; on others JavaScript is what there is. */
const HAS_BINARY = [
  "darwin-arm64",
  "darwin-x64",
  "linux-arm64",
  "linux-x64",
  "win32-arm64",
  "win32-x64",
].includes(`${process.platform}-${process.arch}`);

describe("server/index/vrf", () => {
  it("gives the same bytes by libsodium as in JavaScript, and the verifier takes them", async () => {
    for (let round = 0; round < 25; round++) {
      const seed = randomBytes(32);
      const [fast, plain] = [await loadVrf(seed), javascriptVrf(seed)];
      const id = `vn-cccd:0792${"0".repeat(round % 4)}${randomBytes(4).readUInt32BE(0)}`;
      expect(fast.proof(id)).to.deep.equal(plain.proof(id));
      const output = verifyVrf(ed25519.getPublicKey(seed), utf8(id), fast.proof(id));
      expect(fast.output(id)).to.deep.equal(output);
      expect(plain.output(id)).to.deep.equal(output);
    }
  });

  it("is computed by libsodium where there is a binary of it", async () => {
    expect((await loadVrf(new Uint8Array(32))).by).to.equal(HAS_BINARY ? "libsodium" : "javascript");
  });

  it("answers from threads, each id with its own bytes", async () => {
    const seed = new Uint8Array(32).fill(5);
    const here = await loadVrf(seed);
    const pool = vrfPool(seed, 2);
    try {
      const ids = Array.from({ length: 40 }, (_, n) => `agent:gov/official-${n}`);
      const outputs = Promise.all(ids.map(pool.output));
      const { output, proof } = await pool.proof("vn-cccd:079200000001");
      expect(proof).to.deep.equal(here.proof("vn-cccd:079200000001"));
      expect(output).to.deep.equal(here.output("vn-cccd:079200000001"));
      expect(await outputs).to.deep.equal(ids.map(here.output));
      expect(pool.computed()).to.equal(41);
    } finally {
      await pool.close();
    }
    const refused = await pool.output("x").catch((error: unknown) => error);
    expect(refused).to.have.property("code", "store-unavailable");
  });
});
