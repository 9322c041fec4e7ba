import { decodeBytes32String, type Interface } from "ethers";
import { agencyRegistryArtifact, anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import type { JwsAlgorithm } from "../../protocol/jws.ts";
import { ChainError, type Rpc } from "../../verifier/chain.ts";

/** What a node of a small chain with both registries knows. Tests change it to tell lies. */
export interface ChainState {
  chainId: number;
  genesisHash: string;
  latestBlock: number;
  /** The time of each block, where it matters to a test. */
  times?: (block: number) => number;
  anchorRegistry: string;
  agencyRegistry: string;
  anchors: {
    size: number;
    block: number;
    time: number;
    root: Uint8Array;
    /** 0 and zeros, as in a log without an index, when they are left out. */
    indexSize?: number;
    indexRoot?: Uint8Array;
  }[];
  logKeys: { fromBlock: number; checkpoint: Uint8Array; receipt: Uint8Array; vrf: Uint8Array }[];
  frozen: boolean;
  successor: number;
  /** The log that this one continues, and from which of its anchors; 0 when they are left out. */
  predecessor?: number;
  predecessorAnchor?: number;
  recorderKeys: {
    agency: string;
    recorder: string;
    alg: JwsAlgorithm;
    fromSeq: number;
    addedBlock: number;
    revokedBlock: number;
    key: Uint8Array;
  }[];
  entitlements: { agency: string; fromBlock: number; bits: number }[];
  /** Logs 2 and on; the state itself is log 1. */
  otherLogs?: LogOnChain[];
  /** Which log holds which agency; null on a registry of before there were several logs, which lacks the functions. */
  assignments?: { agency: string; fromBlock: number; logId: number }[] | null;
  /** The registry whose logs hold agencies: the anchor registry where it is left out. */
  namedAnchorRegistry?: string;
}

/** What the chain holds of one log. */
export type LogOnChain = Pick<
  ChainState,
  "anchors" | "logKeys" | "frozen" | "successor" | "predecessor" | "predecessorAnchor"
>;

const ZERO_HASH = new Uint8Array(32);
const ZERO_ADDRESS = `0x${"0".repeat(40)}`;

/**
 * A node that answers from the state, or from what it was at the end of a block that is asked for, encoded by an ABI coder that is
 * not ours. Reverts where the contracts do, as ChainError `refused`.
 */
export function nodeOf(state: ChainState): Rpc {
  return (method, params) => {
    const [first, block] = params;
    switch (method) {
      case "eth_chainId":
        return Promise.resolve(`0x${state.chainId.toString(16)}`);
      case "eth_blockNumber":
        return Promise.resolve(`0x${state.latestBlock.toString(16)}`);
      case "eth_getBlockByNumber":
        return Promise.resolve(blockOf(state, Number(first)));
      case "eth_getCode":
        return Promise.resolve(
          [state.anchorRegistry, state.agencyRegistry].includes(String(first)) ? "0x6001" : "0x",
        );
      case "eth_call":
        return Promise.resolve(answerCall(stateAt(state, block), callOf(first)));
      default:
        throw new Error(`unexpected method ${method}`);
    }
  };
}

/** A block's header. Time goes on by the second between the anchors, whose blocks have the times the state says. */
function blockOf(state: ChainState, number: number): object | null {
  if (number > state.latestBlock) return null;
  const before = state.anchors.findLast(({ block }) => block <= number);
  const time = before === undefined ? number : before.time + number - before.block;
  const timestamp = `0x${(state.times?.(number) ?? time).toString(16)}`;
  return { number: `0x${number.toString(16)}`, hash: state.genesisHash, timestamp, transactions: [] };
}

function stateAt(state: ChainState, block: unknown): ChainState {
  if (block === "latest") return state;
  const latestBlock = Number(block);
  if (latestBlock > state.latestBlock) throw new ChainError("malformed", "header not found");
  const upTo = <L extends LogOnChain>(log: L): L => ({
    ...log,
    anchors: log.anchors.filter((anchor) => anchor.block <= latestBlock),
  });
  const { otherLogs = [] } = state;
  return { ...upTo(state), latestBlock, otherLogs: otherLogs.map(upTo) };
}

function callOf(parameter: unknown): { to: string; data: string } {
  if (typeof parameter !== "object" || parameter === null || !("to" in parameter) || !("data" in parameter)) {
    throw new Error("a call has to and data");
  }
  return { to: String(parameter.to), data: String(parameter.data) };
}

function answerCall(state: ChainState, { to, data }: { to: string; data: string }): string {
  if (to === state.anchorRegistry) return answer(anchorRegistryArtifact.abi, data, anchorViews(state));
  if (to === state.agencyRegistry) return answer(agencyRegistryArtifact.abi, data, agencyViews(state));
  return "0x";
}

type View = (args: readonly unknown[]) => readonly unknown[];

function answer(abi: Interface, data: string, views: Readonly<Record<string, View>>): string {
  const call = abi.parseTransaction({ data });
  const view = views[call?.name ?? ""];
  if (call === null || view === undefined) throw new Error("the contract has no such view");
  return abi.encodeFunctionResult(call.fragment, view(call.args.toArray()));
}

function anchorViews(state: ChainState): Record<string, View> {
  return {
    anchorCovering([logId, index]) {
      const log = logIn(state, logId);
      const anchor = log.anchors.find(({ size }) => size > Number(index));
      return [anchor !== undefined, anchorStruct(anchor)];
    },
    anchorIndexing([logId, index]) {
      const log = logIn(state, logId);
      const anchor = log.anchors.find(({ indexSize = 0 }) => indexSize > Number(index));
      return [anchor !== undefined, anchorStruct(anchor)];
    },
    keyVersions([logId]) {
      const log = logIn(state, logId);
      return [log.logKeys.map(({ fromBlock, checkpoint, receipt }) => [fromBlock, checkpoint, receipt])];
    },
    logKeysAt([logId, block]) {
      const log = logIn(state, logId);
      if (Number(block) > state.latestBlock) throw reverted("FutureBlock");
      const keys = log.logKeys.findLast(({ fromBlock }) => fromBlock <= Number(block));
      if (keys === undefined) throw reverted("NoKeysYet");
      return [[keys.checkpoint, keys.receipt, keys.vrf]];
    },
    anchorCount([logId]) {
      const log = logIn(state, logId);
      return [log.anchors.length];
    },
    anchorAt([logId, place]) {
      const log = logIn(state, logId);
      const anchor = log.anchors[Number(place)];
      if (anchor === undefined) throw reverted("UnknownAnchor");
      return [anchorStruct(anchor)];
    },
    logCount() {
      return [1 + (state.otherLogs ?? []).length];
    },
    logState([logId]) {
      const log = logIn(state, logId);
      // A cap of 2^64 - 1 is what "no cap" looks like on the chain.
      const { frozen, predecessor = 0, predecessorAnchor = 0, successor } = log;
      return [[ZERO_ADDRESS, 2n ** 64n - 1n, frozen, predecessor, predecessorAnchor, successor]];
    },
  };
}

function agencyViews(state: ChainState): Record<string, View> {
  const assignmentsHere = (): NonNullable<ChainState["assignments"]> => {
    if (state.assignments === null) throw new ChainError("refused", "execution reverted");
    return state.assignments ?? [];
  };
  return {
    anchorRegistry() {
      return [
        assignmentsHere().length === 0 ? ZERO_ADDRESS : (state.namedAnchorRegistry ?? state.anchorRegistry),
      ];
    },
    logOfAt([agency, block]) {
      const assignments = assignmentsHere();
      if (Number(block) > state.latestBlock) throw reverted("FutureBlock");
      const code = decodeBytes32String(String(agency));
      const found = assignments.findLast((one) => one.agency === code && one.fromBlock <= Number(block));
      return [found?.logId ?? 0];
    },
    recorderKeyAt([agency, recorder, seq, block]) {
      if (Number(block) > state.latestBlock) throw reverted("FutureBlock");
      const key = state.recorderKeys.findLast(
        (known) =>
          known.agency === decodeBytes32String(String(agency)) &&
          known.recorder === decodeBytes32String(String(recorder)) &&
          known.fromSeq <= Number(seq) &&
          known.addedBlock <= Number(block),
      );
      if (key === undefined) return [false, [0, 0, 0, 0, "0x"]];
      const alg = key.alg === "EdDSA" ? 1 : 2;
      return [true, [alg, key.fromSeq, key.addedBlock, BigInt(key.revokedBlock), key.key]];
    },
    recorderKeys([agency, recorder]) {
      const keys = state.recorderKeys.filter(
        (known) =>
          known.agency === decodeBytes32String(String(agency)) &&
          known.recorder === decodeBytes32String(String(recorder)),
      );
      return [
        keys.map(({ alg, fromSeq, addedBlock, revokedBlock, key }) => [
          ...[alg === "EdDSA" ? 1 : 2, fromSeq, addedBlock],
          ...[BigInt(revokedBlock), key],
        ]),
      ];
    },
    entitlementHistory([agency]) {
      const changes = state.entitlements.filter(
        (known) => known.agency === decodeBytes32String(String(agency)),
      );
      return [changes.map(({ fromBlock, bits }) => [fromBlock, bits])];
    },
    entitlementsAt([agency, block]) {
      if (Number(block) > state.latestBlock) throw reverted("FutureBlock");
      const change = state.entitlements.findLast(
        (known) => known.agency === decodeBytes32String(String(agency)) && known.fromBlock <= Number(block),
      );
      return [change?.bits ?? 0];
    },
  };
}

function anchorStruct(anchor: ChainState["anchors"][number] | undefined): readonly unknown[] {
  if (anchor === undefined) return [0, 0, 0, 0, ZERO_HASH, ZERO_HASH];
  const { size, indexSize = 0, block, time, root, indexRoot = ZERO_HASH } = anchor;
  return [size, indexSize, block, time, root, indexRoot];
}

function logIn(state: ChainState, logId: unknown): LogOnChain {
  const log = [state, ...(state.otherLogs ?? [])][Number(logId) - 1];
  if (log === undefined) throw reverted("UnknownLog");
  return log;
}

function reverted(reason: string): ChainError {
  return new ChainError("refused", `execution reverted: ${reason}`);
}
