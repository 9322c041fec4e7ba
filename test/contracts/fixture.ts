import {
  encodeBytes32String,
  type BaseContract,
  type ContractTransactionResponse,
  type ParamType,
  type Signer,
} from "ethers";
import { network } from "hardhat";
import { utf8 } from "../../protocol/bytes.ts";
import { consistencyProof, inclusionProof, leafHash, rootHash } from "../../protocol/merkle.ts";

/** One simulated chain for a whole run; every test starts from a snapshot by `loadFixture`. */
const { ethers, networkHelpers } = await network.create();
export { ethers, networkHelpers };

/** A contract as the tests use it: by function name, with plain values out. */
export class TestContract {
  readonly contract: BaseContract;

  constructor(contract: BaseContract) {
    this.contract = contract;
  }

  /** The same contract with another sender. */
  as(signer: Signer): TestContract {
    return new TestContract(this.contract.connect(signer));
  }

  /** Sends a transaction and returns it mined. */
  send(name: string, ...args: readonly unknown[]): Promise<ContractTransactionResponse> {
    return this.contract.getFunction(name).send(...args);
  }

  /** What a view function returns: structs as objects, several results as an array, numbers as bigint. */
  async view(name: string, ...args: readonly unknown[]): Promise<unknown> {
    const method = this.contract.getFunction(name);
    const outputs = method.getFragment(...args).outputs;
    const results = [...(await method.staticCallResult(...args))].map((value: unknown, i) =>
      plain(value, outputs[i]),
    );
    return outputs.length === 1 ? results[0] : results;
  }
}

/** A contract newly deployed by the first account. */
export async function deployed(name: string, ...args: readonly unknown[]): Promise<TestContract> {
  const factory = await ethers.getContractFactory(name);
  return new TestContract(await factory.deploy(...args));
}

function plain(value: unknown, type: ParamType | undefined): unknown {
  if (type?.isTuple() && Array.isArray(value)) {
    return Object.fromEntries(type.components.map((member, i) => [member.name, plain(value[i], member)]));
  }
  if (type?.isArray() && Array.isArray(value))
    return value.map((item: unknown) => plain(item, type.arrayChildren));
  return value;
}

/** What OpenZeppelin's contracts bring with them. */
const INHERITED = /AccessControl|Role|Default|SafeCast|pause/i;

/** Names of a registry's own errors, events or functions that change something, in alphabetical order. */
export function ownNames(contract: TestContract, kind: "error" | "event" | "change"): string[] {
  const names: string[] = [];
  const { interface: abi } = contract.contract;
  abi.forEachFunction((f) => kind === "change" && f.stateMutability === "nonpayable" && names.push(f.name));
  abi.forEachError((error) => kind === "error" && names.push(error.name));
  abi.forEachEvent((event) => kind === "event" && names.push(event.name));
  return names.filter((name) => !INHERITED.test(name) || name === "pause" || name === "unpause").toSorted();
}

/** The role every administrator holds (OpenZeppelin AccessControl). */
export const DEFAULT_ADMIN_ROLE = `0x${"00".repeat(32)}`;
export const ZERO_HASH = `0x${"00".repeat(32)}`;
export const UINT64_MAX = 2n ** 64n - 1n;

/** A recognisable 32-byte value. */
export function bytes32(n: number): string {
  return `0x${n.toString(16).padStart(64, "0")}`;
}

/** A slug as the registries hold it. */
export const slug = encodeBytes32String;

/** A log's keys made from one number. */
export function keysOf(n: number): { checkpoint: string; receipt: string; vrf: string } {
  return { checkpoint: bytes32(n * 16 + 1), receipt: bytes32(n * 16 + 2), vrf: bytes32(n * 16 + 3) };
}

export function hex(bytes: Uint8Array): string {
  return ethers.hexlify(bytes);
}

/** A log of numbered leaves, of which any size can be asked. */
export class TestTree {
  readonly leaves: Uint8Array[];

  constructor(size: number, label = "leaf") {
    this.leaves = Array.from({ length: size }, (_, i) => leafHash(utf8(`${label} ${i}`)));
  }

  root(size: number): string {
    return hex(rootHash(this.leaves.slice(0, size)));
  }

  consistency(oldSize: number, newSize: number): string[] {
    return consistencyProof(this.leaves.slice(0, newSize), oldSize).map(hex);
  }

  inclusion(index: number, size: number): string[] {
    return inclusionProof(this.leaves.slice(0, size), index).map(hex);
  }
}

export const ADMIN_DELAY_SECONDS = 3600;
export const MAX_GROWTH = 1000;

/** Mines the transactions in one block, in this order. */
export async function inOneBlock(...sends: readonly (() => Promise<unknown>)[]): Promise<void> {
  await ethers.provider.send("evm_setAutomine", [false]);
  try {
    for (const send of sends) await send();
  } finally {
    await ethers.provider.send("evm_setAutomine", [true]);
  }
  await networkHelpers.mine();
}

/** Both registries on a fresh chain, and people to act on them. */
export async function deployRegistries(): Promise<Registries> {
  const [admin, anchorer, pauser, registrar, agency, stranger] = await ethers.getSigners();
  if (!admin || !anchorer || !pauser || !registrar || !agency || !stranger)
    throw new Error("too few accounts");
  return {
    anchors: await deployed("AnchorRegistry", ADMIN_DELAY_SECONDS, admin.address),
    agencies: await deployed("AgencyRegistry", ADMIN_DELAY_SECONDS, admin.address),
    admin,
    anchorer,
    pauser,
    registrar,
    agency,
    stranger,
  };
}

type Account = Awaited<ReturnType<typeof ethers.getSigners>>[number];

export interface Registries {
  readonly anchors: TestContract;
  readonly agencies: TestContract;
  readonly admin: Account;
  readonly anchorer: Account;
  readonly pauser: Account;
  readonly registrar: Account;
  readonly agency: Account;
  readonly stranger: Account;
}

/** The same with one log, number 1, that nothing was anchored to yet. */
export async function deployWithLog(): Promise<Registries> {
  const registries = await deployRegistries();
  await registries.anchors.send("createLog", registries.anchorer.address, keysOf(1), MAX_GROWTH);
  return registries;
}
