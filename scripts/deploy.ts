import {
  encodeBytes32String,
  getAddress,
  getCreateAddress,
  hexlify,
  type Interface,
  keccak256,
  Wallet,
} from "ethers";
import {
  agencyRegistryArtifact,
  anchorRegistryArtifact,
  type ContractArtifact,
} from "../server/anchor/artifacts.ts";
import { type ChainReader, chainReader } from "./deploy/chain.ts";
import { DeployError } from "./deploy/error.ts";
import type { Rpc } from "./deploy/json-rpc.ts";
import { type DeploymentRecord, readRecord, writeRecord } from "./deploy/record.ts";
import { perform, type RecordKeeper, type SenderOptions, type Step } from "./deploy/sender.ts";

/** What the chain must hold in the end. */
export interface DeployOptions {
  readonly rpc: Rpc;
  /** Private key (0x hex) of the account that deploys and becomes administrator, pauser and registrar. */
  readonly adminKey: string;
  /** File that remembers what was done and what was about to be. Losing it means deploying again. */
  readonly statePath: string;
  readonly log: LogPlan;
  /** The operator's own agency; `<operator>/ledger` is one of its recorders. */
  readonly operator: AgencyPlan;
  readonly agencies: readonly AgencyPlan[];
  /** Seconds a change of the registries' administrator must wait. */
  readonly adminDelaySeconds?: number;
  /** How long to wait for a transaction to be mined. */
  readonly mineTimeoutMs?: number;
  /** Called with one line for every step that was made. */
  readonly onProgress?: (message: string) => void;
}

export interface LogPlan {
  /** Address of the account that anchors. */
  readonly anchorer: string;
  /** Ed25519 public keys, 32 bytes each. */
  readonly keys: Readonly<Record<"checkpoint" | "receipt" | "vrf", Uint8Array>>;
  /** Most leaves one anchor may add. */
  readonly maxGrowth?: number;
}

export interface AgencyPlan {
  /** The agency's code, a slug. */
  readonly code: string;
  readonly name: string;
  /** Sum of RECORD 1, SEAL 2, ERASE 4. */
  readonly entitlements: number;
  /**
   * The account that adds the agency's recorder keys: its address, or its private key where this deployment
   * is to add some.
   */
  readonly account: { readonly address: string } | { readonly privateKey: string };
  readonly recorders?: readonly RecorderPlan[];
}

export interface RecorderPlan {
  /** The recorder's name, a slug. */
  readonly name: string;
  readonly alg: "EdDSA" | "ES256";
  /** Ed25519: 32 bytes. P-256: the 65 bytes of the uncompressed point. */
  readonly key: Uint8Array;
  /** First event number the key signs. */
  readonly fromSeq: number;
}

/** What was deployed; addresses in lower case, as log ids have them. */
export interface Deployment {
  readonly chainId: number;
  readonly genesisHash: string;
  readonly anchorRegistry: string;
  readonly agencyRegistry: string;
  readonly logId: number;
}

/** Long enough for the owners of a stolen administrator key to notice and cancel. */
const DEFAULT_ADMIN_DELAY_SECONDS = 3 * 24 * 3600;
/**
 * A day of 1,000 events/s in one anchor after an outage; a stolen anchorer key gets no further with one
 * transaction.
 */
const DEFAULT_MAX_GROWTH = 100_000_000;
/** Several blocks of the slowest permissioned chains. */
const DEFAULT_MINE_TIMEOUT_MS = 60_000;

const ALGORITHM_NUMBERS = { EdDSA: 1, ES256: 2 } as const;

/**
 * Brings a chain to the planned state and returns where everything is: both registries, the log, its agencies
 * and the recorder keys that are given. What is there already is left alone, so this runs at every start. It
 * may be killed anywhere: the next run goes on, and nothing is deployed, created or admitted twice.
 * @throws DeployError, whose message says what to do.
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const chain = chainReader(options.rpc);
  const [chainId, genesisHash] = [await chain.chainId(), await chain.genesisHash()];
  const keeper = await openRecord(options.statePath, chainId, genesisHash);
  const admin = new Wallet(options.adminKey);
  const sending: SenderOptions = {
    chain,
    chainId,
    keeper,
    mineTimeoutMs: options.mineTimeoutMs ?? DEFAULT_MINE_TIMEOUT_MS,
    onProgress: options.onProgress ?? (() => undefined),
  };

  const registries = await deployRegistries(admin, options, sending);
  const agencies = [options.operator, ...options.agencies];
  await perform(
    [
      createLogStep(admin, options.log, registries.anchor, chain),
      ...agencies.map((agency) => admitStep(admin, agency, registries.agency, chain)),
    ],
    sending,
  );
  await perform(await recorderKeySteps(agencies, registries.agency, chain), sending);

  return {
    chainId,
    genesisHash,
    anchorRegistry: registries.anchor.address.toLowerCase(),
    agencyRegistry: registries.agency.address.toLowerCase(),
    logId: await requireLog(options.log, registries.anchor, chain),
  };
}

interface DeployedContract {
  readonly address: string;
  readonly abi: Interface;
}

async function openRecord(file: string, chainId: number, genesisHash: string): Promise<RecordKeeper> {
  const found = await readRecord(file);
  if (found !== undefined && (found.chainId !== chainId || found.genesisHash !== genesisHash)) {
    throw new DeployError(
      "other-chain",
      `${file} belongs to another chain than the one at this URL (chain id ${found.chainId}, genesis ${found.genesisHash}). Point to that chain, or keep this chain's deployment in another file.`,
    );
  }
  let record: DeploymentRecord = found ?? {
    format: 1,
    chainId,
    genesisHash,
    transactions: {},
    codeHashes: {},
  };
  return {
    current: () => record,
    update: async (change) => {
      const next = change(record);
      await writeRecord(file, next);
      record = next;
    },
  };
}

async function deployRegistries(
  admin: Wallet,
  options: DeployOptions,
  sending: SenderOptions,
): Promise<{ anchor: DeployedContract; agency: DeployedContract }> {
  const delay = options.adminDelaySeconds ?? DEFAULT_ADMIN_DELAY_SECONDS;
  const artifacts = [anchorRegistryArtifact, agencyRegistryArtifact];
  await perform(
    artifacts.map((artifact) => deployStep(admin, artifact, delay, sending)),
    sending,
  );
  for (const artifact of artifacts) await requireCode(artifact, sending);
  return {
    anchor: { address: addressOf(anchorRegistryArtifact, sending.keeper), abi: anchorRegistryArtifact.abi },
    agency: { address: addressOf(agencyRegistryArtifact, sending.keeper), abi: agencyRegistryArtifact.abi },
  };
}

function deployStep(admin: Wallet, artifact: ContractArtifact, delay: number, sending: SenderOptions): Step {
  return {
    name: stepOf(artifact),
    wallet: admin,
    to: null,
    data: artifact.bytecode + artifact.abi.encodeDeploy([delay, admin.address]).slice(2),
    abi: artifact.abi,
    isDone: async () => {
      if (sending.keeper.current().transactions[stepOf(artifact)] === undefined) return false;
      return (await sending.chain.code(addressOf(artifact, sending.keeper))) !== "0x";
    },
  };
}

/** The code that stands there must be the code that was put there, and that must have been ours. */
async function requireCode(artifact: ContractArtifact, { chain, keeper }: SenderOptions): Promise<void> {
  const address = addressOf(artifact, keeper);
  const codeHash = keccak256(await chain.code(address));
  // A later version of this program goes on with the contract an earlier one deployed: contracts are never
  // upgraded.
  const expected = keeper.current().codeHashes[artifact.name] ?? keccak256(artifact.deployedBytecode);
  if (codeHash !== expected) {
    throw new DeployError(
      "other-code",
      `The code at ${address} is not the ${artifact.name} that was deployed there. Do not use this chain before you know why.`,
    );
  }
  if (keeper.current().codeHashes[artifact.name] !== undefined) return;
  await keeper.update((record) => ({
    ...record,
    codeHashes: { ...record.codeHashes, [artifact.name]: codeHash },
  }));
}

function stepOf(artifact: ContractArtifact): string {
  return `deploy ${artifact.name}`;
}

function addressOf(artifact: ContractArtifact, keeper: RecordKeeper): string {
  const transaction = keeper.current().transactions[stepOf(artifact)];
  if (transaction === undefined) throw new Error(`${artifact.name} was not deployed`);
  return getCreateAddress(transaction);
}

function createLogStep(admin: Wallet, log: LogPlan, registry: DeployedContract, chain: ChainReader): Step {
  const { checkpoint, receipt, vrf } = log.keys;
  const keys = [hexlify(checkpoint), hexlify(receipt), hexlify(vrf)];
  return {
    name: "create the log",
    wallet: admin,
    to: registry.address,
    data: registry.abi.encodeFunctionData("createLog", [
      log.anchorer,
      keys,
      log.maxGrowth ?? DEFAULT_MAX_GROWTH,
    ]),
    abi: registry.abi,
    isDone: async () => (await findLog(log, registry, chain)) !== undefined,
  };
}

/** The newest log with our VRF key: ours, or the successor that continues it under the same one. */
async function findLog(
  log: LogPlan,
  registry: DeployedContract,
  chain: ChainReader,
): Promise<{ logId: number; checkpoint: string; receipt: string } | undefined> {
  const vrf = hexlify(log.keys.vrf);
  const [count] = await chain.read(registry, "logCount", []);
  for (let logId = Number(count); logId >= 1; logId -= 1) {
    const [versions] = await chain.read(registry, "keyVersions", [logId]);
    const [fromBlock, checkpoint, receipt] = list(list(versions).at(-1));
    const [keys] = await chain.read(registry, "logKeysAt", [logId, fromBlock]);
    if (list(keys)[2] === vrf) {
      return { logId, checkpoint: String(checkpoint), receipt: String(receipt) };
    }
  }
  return undefined;
}

/** The number of our log, whose keys and anchorer on the chain must be the ones we would use. */
async function requireLog(log: LogPlan, registry: DeployedContract, chain: ChainReader): Promise<number> {
  const found = await findLog(log, registry, chain);
  if (found === undefined) throw new Error("the log is not there although its step is done");
  if (found.checkpoint !== hexlify(log.keys.checkpoint) || found.receipt !== hexlify(log.keys.receipt)) {
    throw new DeployError(
      "other-log",
      `Log ${found.logId} has another checkpoint or receipt key on the chain than here. Restore the keys, or let the administrator call rotateKeys first.`,
    );
  }
  const [state] = await chain.read(registry, "logState", [found.logId]);
  const [anchorer] = list(state);
  if (anchorer !== getAddress(log.anchorer)) {
    throw new DeployError(
      "other-log",
      `Log ${found.logId} is anchored by ${String(anchorer)}, not by ${log.anchorer}. Restore that key, or let the administrator call setAnchorer first.`,
    );
  }
  return found.logId;
}

function admitStep(admin: Wallet, agency: AgencyPlan, registry: DeployedContract, chain: ChainReader): Step {
  const code = encodeBytes32String(agency.code);
  const account =
    "address" in agency.account ? agency.account.address : new Wallet(agency.account.privateKey).address;
  return {
    name: `admit ${agency.code}`,
    wallet: admin,
    to: registry.address,
    data: registry.abi.encodeFunctionData("admitAgency", [code, agency.name, account, agency.entitlements]),
    abi: registry.abi,
    isDone: async () => {
      // Suspended or renamed since is admitted too: those are the registrar's decisions.
      const [history] = await chain.read(registry, "entitlementHistory", [code]);
      return list(history).length > 0;
    },
  };
}

async function recorderKeySteps(
  agencies: readonly AgencyPlan[],
  registry: DeployedContract,
  chain: ChainReader,
): Promise<Step[]> {
  const steps: Step[] = [];
  for (const agency of agencies) {
    for (const recorder of agency.recorders ?? []) {
      const isDone = (): Promise<boolean> => hasRecorderKey(agency, recorder, registry, chain);
      if (await isDone()) continue;
      if (!("privateKey" in agency.account)) {
        throw new DeployError(
          "key-missing",
          `The key of ${agency.code}/${recorder.name} is not on the chain, and only the agency's account can add it: give that account's private key, or let the agency add it.`,
        );
      }
      const { name, alg, key, fromSeq } = recorder;
      steps.push({
        name: `add the key of ${agency.code}/${name} from ${fromSeq}`,
        wallet: new Wallet(agency.account.privateKey),
        to: registry.address,
        data: registry.abi.encodeFunctionData("addRecorderKey", [
          encodeBytes32String(agency.code),
          encodeBytes32String(name),
          ALGORITHM_NUMBERS[alg],
          key,
          fromSeq,
        ]),
        abi: registry.abi,
        isDone,
      });
    }
  }
  return steps;
}

async function hasRecorderKey(
  agency: AgencyPlan,
  recorder: RecorderPlan,
  registry: DeployedContract,
  chain: ChainReader,
): Promise<boolean> {
  const names = [encodeBytes32String(agency.code), encodeBytes32String(recorder.name)];
  const [keys] = await chain.read(registry, "recorderKeys", names);
  return list(keys).some((key) => list(key)[4] === hexlify(recorder.key));
}

/** The members of a decoded array or struct. */
function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
