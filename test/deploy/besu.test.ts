/** The shape of the Besu configuration, which nothing here can run: it parses, its parts agree, and its rules are those the contracts need. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { anchorRegistryArtifact, agencyRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { cliqueGenesis } from "../chain/genesis.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../deploy/besu");

const text = (name: string): Promise<string> => readFile(path.join(FOLDER, name), "utf8");

interface Genesis {
  readonly config: Readonly<Record<string, unknown>> & { readonly qbft: Readonly<Record<string, number>> };
  readonly gasLimit: string;
  readonly extraData: string;
  readonly alloc: object;
}

/** Besu's configuration is flat TOML: names with strings, numbers, booleans and lists of strings, which JSON writes alike. */
async function settings(name: string): Promise<Map<string, unknown>> {
  const source = (await text(name)).replaceAll(/^#.*$/gm, "");
  const found = new Map<string, unknown>();
  for (const [, key = "", value = ""] of source.matchAll(/^([a-z0-9-]+)=(\[[^\]]*\]|.*)$/gm)) {
    expect(found.has(key), key).to.equal(false);
    found.set(key, JSON.parse(value));
  }
  expect(source.replaceAll(/^([a-z0-9-]+)=(\[[^\]]*\]|.*)$/gm, "").trim(), "what is no setting").to.equal("");
  return found;
}

/** Opcodes of runtime code, without what is pushed and without the compiler's data at its end. */
function opcodes(code: string): Set<number> {
  const bytes = Buffer.from(code.replace(/^0x/, ""), "hex");
  const end = bytes.length - 2 - bytes.readUInt16BE(bytes.length - 2);
  const found = new Set<number>();
  for (let at = 0; at < end; at++) {
    const opcode = bytes[at] ?? 0;
    found.add(opcode);
    if (opcode >= 0x60 && opcode <= 0x7f) at += opcode - 0x5f;
  }
  return found;
}

describe("deploy/besu", () => {
  let genesis: Genesis;

  before(async () => {
    genesis = JSON.parse(await text("genesis.json")) as Genesis;
  });

  it("makes final blocks of four validators, free of charge, for nobody in particular", async () => {
    const { config, alloc } = genesis;
    expect(config["zeroBaseFee"]).to.equal(true);
    expect(Object.keys(config.qbft).toSorted()).to.deep.equal([
      "blockperiodseconds",
      "epochlength",
      "requesttimeoutseconds",
    ]);
    // A validator that is gone costs a round of this length, and rounds must be longer than blocks.
    expect(config.qbft["requesttimeoutseconds"]).to.be.greaterThan(
      config.qbft["blockperiodseconds"] ?? Infinity,
    );
    expect(alloc).to.deep.equal({});
    expect(JSON.parse(await text("validators.json"))).to.have.length(4);
  });

  it("says how the validators come into the genesis block, and has no ready ones", async () => {
    expect(genesis.extraData).to.match(/^REPLACE: .*besu rlp encode --type=QBFT_EXTRA_DATA/);
    const validators = JSON.parse(await text("validators.json")) as string[];
    for (const validator of validators) expect(validator).to.match(/^REPLACE/);
    expect(await text("README.md"))
      .to.contain("besu rlp encode")
      .and.contain("Not run here");
  });

  it("names one chain id everywhere", async () => {
    const named = /chain id (\d+)/.exec(await text("README.md"))?.[1];
    expect(Number(named)).to.equal(genesis.config["chainId"]);
  });

  it("has the rules of the EVM under which the tests run the contracts on a chain of validators, from block 0", () => {
    const { config } = cliqueGenesis(1, []) as { config: Record<string, unknown> };
    const forks = Object.keys(genesis.config).filter((name) => name.endsWith("Block"));
    // Each fork brings those before it; the last one decides.
    expect(forks).to.deep.equal(["berlinBlock", "londonBlock"]);
    expect(
      Object.keys(config)
        .filter((name) => name.endsWith("Block"))
        .slice(-2),
    ).to.deep.equal(forks);
    for (const fork of forks) expect(genesis.config[fork]).to.equal(0);
  });

  it("suits the compiled contracts: no opcode of later rules, and their size is within the usual limit", () => {
    const PUSH0 = 0x5f;
    const [CREATION_GAS, BYTE_GAS] = [53_000, 200];
    const laterRules = [PUSH0, 0x49, 0x4a, 0x5c, 0x5d, 0x5e];
    for (const { deployedBytecode: bytecode } of [anchorRegistryArtifact, agencyRegistryArtifact]) {
      const used = opcodes(bytecode);
      expect(laterRules.filter((opcode) => used.has(opcode))).to.deep.equal([]);
      const bytes = (bytecode.length - 2) / 2;
      expect(bytes).to.be.at.most(24_576);
      expect(Number(genesis.gasLimit)).to.be.greaterThan(CREATION_GAS + 4 * bytes * BYTE_GAS);
    }
  });

  it("closes each node to all but the listed nodes and accounts, the same ones in both lists", async () => {
    const config = await settings("config.toml");
    for (const name of ["permissions-nodes-config-file", "permissions-accounts-config-file"]) {
      expect(config.get(`${name}-enabled`)).to.equal(true);
      expect(config.get(name)).to.equal("/etc/besu/permissions.toml");
    }
    expect(config.get("discovery-enabled")).to.equal(false);
    const permissions = await settings("permissions.toml");
    expect([...permissions.keys()]).to.deep.equal(["nodes-allowlist", "accounts-allowlist"]);
    const nodes = JSON.parse(await text("static-nodes.json")) as string[];
    expect(permissions.get("nodes-allowlist")).to.deep.equal(nodes);
    expect(nodes).to.have.length(4);
    for (const node of nodes) expect(node).to.match(/^enode:\/\/[^@]+@[^:]+:30303$/);
    expect(config.get("p2p-port")).to.equal(30303);
  });

  it("asks no fee, and answers calls on the machine itself alone", async () => {
    const config = await settings("config.toml");
    expect(config.get("min-gas-price")).to.equal(0);
    for (const [name, value] of config)
      if (/^(rpc|metrics|graphql).*-host$/.test(name)) expect(value, name).to.equal("127.0.0.1");
    expect(config.get("rpc-http-api")).to.deep.equal(["ETH", "NET"]);
    const node = await text("nginx-node.conf");
    expect(node).to.contain("ssl_verify_client on;");
    expect(node).to.contain(`proxy_pass http://127.0.0.1:${String(config.get("rpc-http-port"))};`);
  });
});
