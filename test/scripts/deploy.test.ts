import { readFile, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { getAddress, keccak256, Transaction, Wallet } from "ethers";
import { agencyRegistryArtifact, anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { contractReader } from "../../server/anchor/chain-values.ts";
import { deploy, type Deployment } from "../../scripts/deploy.ts";
import { httpRpc } from "../../scripts/deploy/json-rpc.ts";
import {
  ADMIN,
  ADMIN_TRANSACTIONS,
  failureOf,
  FREE_GAS,
  options,
  PLAN,
  POLICE_TRANSACTIONS,
  privateKey,
  TestChain,
} from "./deploy/fixture.ts";

const STRANGER = new Wallet(privateKey(0x77)).address;

describe("deploy", function () {
  this.timeout(600_000);
  let chain: TestChain;
  let file: string;
  let deployment: Deployment;
  let goBack: () => Promise<void>;
  const lines: string[] = [];

  before(async () => {
    chain = await TestChain.start(...FREE_GAS);
    file = chain.newFile();
    deployment = await deploy(options(chain.rpc, file, { onProgress: (line) => lines.push(line) }));
    goBack = await chain.bookmark();
  });

  afterEach(() => goBack());

  after(() => chain.stop());

  const anchors = (name: string, ...args: readonly unknown[]): Promise<readonly unknown[]> =>
    contractReader(chain.rpc, deployment.anchorRegistry, anchorRegistryArtifact.abi)(name, args);
  const agencies = (name: string, ...args: readonly unknown[]): Promise<readonly unknown[]> =>
    contractReader(chain.rpc, deployment.agencyRegistry, agencyRegistryArtifact.abi)(name, args);

  /** Sends a transaction of the administrator or of an agency's account beside the deployment. */
  async function act(key: string, to: string, data: string): Promise<void> {
    const wallet = new Wallet(key);
    const nonce = await chain.mined(wallet.address);
    const fees = { type: 2, maxFeePerGas: 0, maxPriorityFeePerGas: 0, gasLimit: 500_000 };
    const raw = await wallet.signTransaction({ chainId: 31337, nonce, to, data, ...fees });
    const hash = await chain.rpc("eth_sendRawTransaction", [raw]);
    await chain.rpc("evm_mine", []);
    expect(await chain.rpc("eth_getTransactionReceipt", [hash])).to.have.property("status", "0x1");
  }

  it("puts both registries, the log, the agencies and their keys on a free-gas chain", async () => {
    expect(deployment).to.include({ chainId: 31337, logId: 1 });
    expect(deployment.genesisHash).to.match(/^0x[0-9a-f]{64}$/);
    for (const address of [deployment.anchorRegistry, deployment.agencyRegistry]) {
      expect(address).to.match(/^0x[0-9a-f]{40}$/);
    }
    expect(await anchors("defaultAdmin")).to.deep.equal([ADMIN]);
    expect(await anchors("logState", 1)).to.have.nested.property("[0][0]", PLAN.log.anchorer);
    expect(await agencies("agencyCount")).to.deep.equal([2n]);
    expect(await agencies("anchorRegistry")).to.deep.equal([getAddress(deployment.anchorRegistry)]);
    expect(lines).to.have.length(ADMIN_TRANSACTIONS + POLICE_TRANSACTIONS + 1);
    expect(lines[0]).to.equal("deploy AnchorRegistry: done");
  });

  it("changes nothing when it is repeated", async () => {
    const text = await readFile(file, "utf8");
    expect(await deploy(options(chain.rpc, file))).to.deep.equal(deployment);
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
    expect(await readFile(file, "utf8")).to.equal(text);
  });

  it("adds an agency and a recorder key that the plan has gained", async () => {
    const gained = {
      code: "health",
      name: "Sở Y tế",
      entitlements: 1,
      account: { privateKey: privateKey(0x0d) },
      recorders: PLAN.operator.recorders?.map((recorder) => ({ ...recorder, name: "r1" })) ?? [],
    };
    const plan = { agencies: [...PLAN.agencies, gained] };
    expect(await deploy(options(chain.rpc, file, plan))).to.deep.equal(deployment);
    expect(await agencies("agencyCount")).to.deep.equal([3n]);
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS + 1);
  });

  it("entitles an agency that an earlier version of it admitted to what it has now, and only one that nobody decided about", async () => {
    const code = `0x${Buffer.from("operator").toString("hex").padEnd(64, "0")}`;
    const plan = { operator: { ...PLAN.operator, entitlements: 15, formerEntitlements: 5 } };
    await deploy(options(chain.rpc, file, plan));
    expect(await agencies("agencyOf", code)).to.have.nested.property("[0][3]", 15n);
    const data = agencyRegistryArtifact.abi.encodeFunctionData("setEntitlements", [code, 5]);
    await act(privateKey(0xad), deployment.agencyRegistry, data);
    await deploy(options(chain.rpc, file, plan));
    expect(await agencies("agencyOf", code), "the registrar took it away").to.have.nested.property(
      "[0][3]",
      5n,
    );
  });

  it("leaves a suspended agency suspended", async () => {
    const code = `0x${Buffer.from("police").toString("hex").padEnd(64, "0")}`;
    const data = agencyRegistryArtifact.abi.encodeFunctionData("setEntitlements", [code, 0]);
    await act(privateKey(0xad), deployment.agencyRegistry, data);
    await deploy(options(chain.rpc, file));
    expect(await agencies("agencyOf", code)).to.have.nested.property("[0][3]", 0n);
  });

  it("goes on with a registry of before agencies had logs", async () => {
    const { agencyRegistry } = deployment;
    const selector = agencyRegistryArtifact.abi.getFunction("anchorRegistry")?.selector.slice(2) ?? "";
    const code = String(await chain.rpc("eth_getCode", [agencyRegistry, "latest"]));
    const older = code.replaceAll(selector, "00000000");
    await chain.rpc("anvil_setCode", [agencyRegistry, older]);
    const text = await readFile(file, "utf8");
    const record = JSON.parse(text) as { codeHashes: Record<string, string> };
    record.codeHashes[getAddress(agencyRegistry)] = keccak256(older);
    const olderFile = chain.newFile();
    await writeFile(olderFile, JSON.stringify(record));
    expect(await deploy(options(chain.rpc, olderFile))).to.deep.equal(deployment);
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
  });

  it("takes the successor of its log that goes on under the same VRF key", async () => {
    const { abi } = anchorRegistryArtifact;
    const root = `0x${"11".repeat(32)}`;
    const first = abi.encodeFunctionData("anchor", [1, 0, 5, root, 0, `0x${"00".repeat(32)}`, []]);
    await act(privateKey(0xa0), deployment.anchorRegistry, first);
    const { checkpoint, receipt, vrf } = PLAN.log.keys;
    const successor = [1, 0, PLAN.log.anchorer, [checkpoint, receipt, vrf], 10];
    await act(
      privateKey(0xad),
      deployment.anchorRegistry,
      abi.encodeFunctionData("createSuccessor", successor),
    );
    expect(await deploy(options(chain.rpc, file))).to.deep.equal({ ...deployment, logId: 2 });
  });

  const wrong: [code: string, when: string, run: () => ReturnType<typeof deploy>][] = [
    [
      "other-log",
      "the keys on the chain are others",
      () => {
        const keys = { ...PLAN.log.keys, receipt: new Uint8Array(32).fill(9) };
        return deploy(options(chain.rpc, file, { log: { ...PLAN.log, keys } }));
      },
    ],
    [
      "other-log",
      "the anchorer on the chain is another",
      () => deploy(options(chain.rpc, file, { log: { ...PLAN.log, anchorer: STRANGER } })),
    ],
    [
      "other-code",
      "the code of a registry is another",
      async () => {
        await chain.rpc("anvil_setCode", [deployment.agencyRegistry, "0x6001"]);
        return deploy(options(chain.rpc, file));
      },
    ],
    [
      "other-code",
      "the agencies' logs are those of another registry",
      async () => {
        const { agencyRegistry, anchorRegistry } = deployment;
        const word = (address: string): string => `0x${address.slice(2).padStart(64, "0")}`;
        for (let slot = 0n; slot < 16n; slot++) {
          const place = `0x${slot.toString(16).padStart(64, "0")}`;
          if (
            (await chain.rpc("eth_getStorageAt", [agencyRegistry, place, "latest"])) === word(anchorRegistry)
          )
            await chain.rpc("anvil_setStorageAt", [agencyRegistry, place, word(STRANGER)]);
        }
        return deploy(options(chain.rpc, file));
      },
    ],
    [
      "record-unreadable",
      "the record is damaged",
      async () => {
        const damaged = chain.newFile();
        await writeFile(damaged, (await readFile(file, "utf8")).slice(0, -20));
        return deploy(options(chain.rpc, damaged));
      },
    ],
    [
      "record-unreadable",
      "the record is of a later format",
      async () => {
        const later = chain.newFile();
        await writeFile(later, (await readFile(file, "utf8")).replace('"format": 1', '"format": 2'));
        return deploy(options(chain.rpc, later));
      },
    ],
    [
      "key-missing",
      "a recorder's key is to be added without its agency's account key",
      () => {
        const operator = { ...PLAN.operator, account: { address: STRANGER } };
        return deploy(options(chain.rpc, chain.newFile(), { operator, adminKey: privateKey(0xae) }));
      },
    ],
    [
      "key-unsafe",
      "a recorder's key is no point of its curve's main group",
      () => {
        const recorders = [{ name: "weak", alg: "EdDSA", key: new Uint8Array(32), fromSeq: 1 } as const];
        return deploy(options(chain.rpc, file, { operator: { ...PLAN.operator, recorders } }));
      },
    ],
    [
      "reverted",
      "the contract refuses a step",
      () => {
        const agency = { code: "Not A Slug", name: "x", entitlements: 1, account: { address: STRANGER } };
        return deploy(options(chain.rpc, file, { agencies: [agency] }));
      },
    ],
    ["chain-unavailable", "no node answers", () => deploy(options(httpRpc("http://127.0.0.1:9"), file))],
  ];

  for (const [code, when, run] of wrong) {
    it(`stops with ${code} when ${when}`, async () => {
      expect(await failureOf(run())).to.include({ name: "DeployError", code });
    });
  }

  it("names the contract's error when a step is refused", async () => {
    const agency = { code: "Not A Slug", name: "x", entitlements: 1, account: { address: STRANGER } };
    const failure = await failureOf(deploy(options(chain.rpc, file, { agencies: [agency] })));
    expect(failure)
      .to.have.property("message")
      .that.matches(/^admit Not A Slug: .*InvalidSlug$/);
  });

  it("stops when the record is about another chain, even one with the same number", async () => {
    const other = await TestChain.start(...FREE_GAS, "--gas-limit", "29999999");
    try {
      expect(await failureOf(deploy(options(other.rpc, file)))).to.have.property("code", "other-chain");
      expect(await other.mined(ADMIN)).to.equal(0);
    } finally {
      await other.stop();
    }
  });
});

describe("deploy on a chain where gas costs", function () {
  this.timeout(600_000);

  /** The types of the transactions that a deployment sent. */
  async function typesSent(chain: TestChain): Promise<Set<number | null>> {
    const file = chain.newFile();
    await deploy(options(chain.rpc, file));
    const raws = (await readFile(file, "utf8")).matchAll(/"raw": "(0x[0-9a-f]+)"/g);
    return new Set([...raws].map(([, raw = ""]) => Transaction.from(raw).type));
  }

  async function fund(chain: TestChain): Promise<void> {
    const accounts = [PLAN.operator, ...PLAN.agencies].map(({ account }) =>
      "privateKey" in account ? new Wallet(account.privateKey).address : account.address,
    );
    for (const account of [ADMIN, ...accounts]) {
      await chain.rpc("anvil_setBalance", [account, "0xde0b6b3a7640000"]);
    }
  }

  for (const [what, type, args] of [
    ["EIP-1559 transactions where blocks have a base fee", 2, []],
    ["transactions with a gas price where they have none", 0, ["--hardfork", "berlin", "--gas-price", "7"]],
  ] as const) {
    it(`sends ${what}`, async () => {
      const chain = await TestChain.start(...args);
      try {
        await fund(chain);
        expect([...(await typesSent(chain))]).to.deep.equal([type]);
      } finally {
        await chain.stop();
      }
    });
  }

  it("says which account lacks the means", async () => {
    const chain = await TestChain.start();
    try {
      const failure = await failureOf(deploy(options(chain.rpc, chain.newFile())));
      expect(failure).to.have.property("code", "chain-refused");
      expect(failure).to.have.property("message").that.contains(ADMIN);
    } finally {
      await chain.stop();
    }
  });
});
