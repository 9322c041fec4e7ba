import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { encryptKeystoreJsonSync, SigningKey, Wallet } from "ethers";
import { httpRpc, type Rpc } from "../../server/anchor/json-rpc.ts";
import { cliqueGenesis, GAS_LIMIT } from "./genesis.ts";
import type { Guard } from "./guard.ts";
import { openRelay, type Relay } from "./relay.ts";
import { type RunningGeth, runGeth } from "./validator.ts";

/**
 * A permissioned chain of validators (geth, Clique), each a process with a folder of its own. They reach one another, and the ledger reaches
 * them, by wires that can be cut. Free of charge for the accounts named at the start, and for nobody else.
 */
export interface Network {
  readonly chainId: number;
  /** Addresses that seal, by place. */
  readonly sealers: readonly string[];
  /** What the ledger is told as the node's URL; it stays the same over restarts. */
  readonly url: (node: number) => string;
  /** Calls the node by the same wire as the ledger does. */
  readonly rpc: (node: number) => Rpc;
  /** Cuts every wire between nodes of different groups. */
  readonly split: (...groups: readonly (readonly number[])[]) => void;
  /** Mends all wires between nodes. */
  readonly heal: () => void;
  /** Ends a node as a power failure would. */
  readonly kill: (node: number) => Promise<void>;
  /** Starts it on the folder it had; with `seals: false` it follows the chain and makes no blocks. */
  readonly start: (node: number, options?: { seals?: boolean }) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface NetworkOptions {
  readonly geth: string;
  readonly folder: string;
  readonly guard: Guard;
  readonly validators: number;
  readonly chainId: number;
  /** Addresses whose transactions every node takes without a fee. */
  readonly free: readonly string[];
  /** All connections between nodes were ended, for no block came for a while. */
  readonly onReset: () => void;
}

interface Place {
  readonly folder: string;
  readonly address: string;
  /** Hexadecimal key by which other nodes know it. */
  readonly nodeKey: string;
  readonly forLedger: Relay;
  /** What this node calls the others by. */
  readonly toPeers: Map<number, Relay>;
  running: RunningGeth | undefined;
}

/** How often to look whether the chain grows, and after how many looks without a new block its nodes are connected anew. */
const LOOK_MS = 5_000;
const STANDING_LOOKS = 6;
const PASSWORD = "test";
const ANSWER_BYTES = 10_000_000;
const CALL_TIMEOUT_MS = 30_000;

/** Starts all its nodes. The caller closes it. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const places = await Promise.all(
    Array.from({ length: options.validators }, (_, place) => layOut(place, options)),
  );
  const genesis = cliqueGenesis(
    options.chainId,
    places.map(({ address }) => address),
  );
  await Promise.all(
    places.map(async ({ folder }) => {
      const file = path.join(folder, "genesis.json");
      await writeFile(file, JSON.stringify(genesis));
      const where = ["--datadir", folder, "--state.scheme", "hash"];
      await promisify(execFile)(options.geth, [...where, "init", file], { env: { HOME: folder } });
    }),
  );
  const network = new Wired(places, options);
  // One after the other: each calls those that are there, and a call that fails is made again only after half a minute.
  try {
    for (const place of places.keys()) await network.start(place);
    return network;
  } catch (error) {
    await network.close();
    throw error;
  }
}

/** A node's folder, keys and wires. */
async function layOut(place: number, { folder: parent, validators }: NetworkOptions): Promise<Place> {
  const folder = path.join(parent, `node-${place}`);
  await mkdir(path.join(folder, "keystore"), { recursive: true });
  const { address, privateKey } = Wallet.createRandom();
  const sealed = encryptKeystoreJsonSync({ address, privateKey }, PASSWORD, { scrypt: { N: 2 } });
  await writeFile(path.join(folder, "keystore", "sealer"), sealed);
  await writeFile(path.join(folder, "password"), PASSWORD);
  const toPeers = new Map<number, Relay>();
  for (let peer = 0; peer < validators; peer++) if (peer !== place) toPeers.set(peer, await openRelay());
  const nodeKey = Wallet.createRandom().privateKey.slice(2);
  return { folder, address, nodeKey, forLedger: await openRelay(), toPeers, running: undefined };
}

class Wired implements Network {
  readonly chainId: number;
  readonly sealers: readonly string[];
  readonly #places: readonly Place[];
  readonly #options: NetworkOptions;
  readonly #looking: NodeJS.Timeout;
  #highest = 0;
  #looksWithoutBlock = 0;

  constructor(places: readonly Place[], options: NetworkOptions) {
    [this.#places, this.#options] = [places, options];
    this.#looking = setInterval(() => void this.#look(), LOOK_MS);
    this.chainId = options.chainId;
    this.sealers = places.map(({ address }) => address.toLowerCase());
  }

  url(node: number): string {
    return `http://127.0.0.1:${this.#at(node).forLedger.port}`;
  }

  rpc(node: number): Rpc {
    return httpRpc(this.url(node), CALL_TIMEOUT_MS, ANSWER_BYTES);
  }

  split(...groups: readonly (readonly number[])[]): void {
    const groupOf = (node: number): number => groups.findIndex((group) => group.includes(node));
    for (const [node, { toPeers }] of this.#places.entries())
      for (const [peer, wire] of toPeers) if (groupOf(node) !== groupOf(peer)) wire.cut();
  }

  heal(): void {
    for (const { toPeers } of this.#places) for (const wire of toPeers.values()) wire.mend();
  }

  async kill(node: number): Promise<void> {
    const { running } = this.#at(node);
    this.#wire(node, undefined);
    await running?.kill();
  }

  async start(node: number, { seals = true }: { seals?: boolean } = {}): Promise<void> {
    const { folder } = this.#at(node);
    const settings = path.join(folder, "settings.toml");
    await writeFile(settings, this.#settings(node));
    const { geth, guard } = this.#options;
    const args = [...this.#flags(node, settings), ...(seals ? ["--mine"] : [])];
    this.#wire(node, await runGeth(geth, args, { folder, guard }));
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    for (const { running, forLedger, toPeers } of this.#places) {
      await running?.kill();
      await forLedger.close();
      for (const wire of toPeers.values()) await wire.close();
    }
  }

  /**
   * geth announces a block once. A node that misses it, as on a very busy machine, hears of it only with the next block, and when that one is
   * for it to make there is none. Nodes that connect anew tell one another how far they are.
   */
  async #look(): Promise<void> {
    const asked = this.#places.map((_, node) => this.rpc(node)("eth_blockNumber", []).then(Number, () => 0));
    const highest = Math.max(...(await Promise.all(asked)));
    this.#looksWithoutBlock = highest === this.#highest ? this.#looksWithoutBlock + 1 : 0;
    this.#highest = highest;
    if (this.#looksWithoutBlock < STANDING_LOOKS) return;
    this.#looksWithoutBlock = 0;
    for (const { toPeers } of this.#places) for (const wire of toPeers.values()) wire.reset();
    this.#options.onReset();
  }

  #at(node: number): Place {
    const place = this.#places[node];
    if (place === undefined) throw new Error(`there is no node ${node}`);
    return place;
  }

  /** Leads the wires to a node to its present ports. */
  #wire(node: number, running: RunningGeth | undefined): void {
    const place = this.#at(node);
    place.running = running;
    place.forLedger.target = running?.http;
    for (const { toPeers } of this.#places) {
      const wire = toPeers.get(node);
      if (wire !== undefined) wire.target = running?.peers;
    }
  }

  /** The nodes it knows, and nobody else: this is where a permissioned network is closed. */
  #settings(node: number): string {
    const peers = [...this.#at(node).toPeers].map(([peer, { port }]) => {
      const id = new SigningKey(`0x${this.#at(peer).nodeKey}`).publicKey.slice(4);
      return `enode://${id}@127.0.0.1:${port}`;
    });
    const list = JSON.stringify(peers);
    // It calls all of them itself, and catches up when all are there, or after ten seconds.
    return [
      "[Node.P2P]",
      `MaxPeers = ${peers.length}`,
      "DialRatio = 1",
      "NoDiscovery = true",
      'ListenAddr = "127.0.0.1:0"',
      `StaticNodes = ${list}`,
      `TrustedNodes = ${list}`,
      "",
    ].join("\n");
  }

  #flags(node: number, settings: string): string[] {
    const { folder, address, nodeKey } = this.#at(node);
    return [
      ...[
        "--config",
        settings,
        "--datadir",
        folder,
        "--nodekeyhex",
        nodeKey,
        "--nat",
        "none",
        "--ipcdisable",
      ],
      ...["--networkid", String(this.chainId), "--syncmode", "full"],
      // Every block's state goes to the disk: a node that is killed goes on from its newest block.
      ...["--gcmode", "archive", "--state.scheme", "hash", "--cache", "64"],
      ...["--http", "--http.addr", "127.0.0.1", "--http.port", "0", "--authrpc.port", "0"],
      ...["--http.api", "eth,net,admin,miner,clique,debug,txpool"],
      ...["--unlock", address, "--password", path.join(folder, "password"), "--allow-insecure-unlock"],
      ...["--miner.etherbase", address, "--miner.gaslimit", String(GAS_LIMIT)],
      ...["--miner.gasprice", "1", "--txpool.locals", this.#options.free.join(","), "--txpool.journal", ""],
    ];
  }
}
