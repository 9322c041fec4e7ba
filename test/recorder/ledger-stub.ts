import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { toBase64, toHex } from "../../protocol/bytes.ts";
import { formatCheckpoint } from "../../protocol/checkpoint.ts";
import { FormatError } from "../../protocol/errors.ts";
import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { formatEvidence } from "../../protocol/evidence.ts";
import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { keyId, verifyJws } from "../../protocol/jws.ts";
import { checkpointOrigin, formatLogId, type LogId } from "../../protocol/log-id.ts";
import { inclusionProof, rootHash } from "../../protocol/merkle.ts";
import { signNote, verifierKey } from "../../protocol/note.ts";
import { makeReceipt, parseReceipt, type Receipt } from "../../protocol/receipt.ts";
import { parseSubmission, type ParsedSubmission } from "../../protocol/submission.ts";
import { formatTlogProof } from "../../protocol/tlog-proof.ts";
import { SELECTORS } from "../../verifier/chain.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import type { SigningKey } from "../../recorder/signing-key.ts";

/** What happens to one submission instead of an answer. */
export type Fault =
  /** 503, nothing stored. */
  | "unavailable"
  /** The connection is cut before anything is stored. */
  | "cut-before"
  /** Stored, and the connection is cut before the answer. */
  | "cut-after"
  /** Stored, and never answered. */
  | "hang-after"
  /** 400 without our code, as a wrong proxy says. */
  | "foreign-400"
  /** Stored, and answered with receipts signed by another key. */
  | "forged-receipt";

interface Stored {
  submission: ParsedSubmission;
  jws: string;
  index: number;
  receipt: string;
}

const LOG: LogId = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
const NOW = 1_790_000_000;

/**
 * A ledger that speaks the protocol over real HTTP and checks submissions as the real one does, with its state in memory
 * and faults on demand. It serves the few JSON-RPC answers from which a recorder learns the receipt key.
 */
export class LedgerStub {
  readonly url: string;
  readonly log = LOG;
  /** Asked for each submission, in order; undefined for none. */
  faultOf: (submission: ParsedSubmission) => Fault | undefined = () => undefined;
  /** The code an event is refused with; undefined to accept it. */
  refusalOf: (event: ParsedEvent) => string | undefined = () => undefined;
  /** A code the whole submission is refused with, such as `unknown-key`. */
  refuseAll: { status: number; code: string } | undefined;
  /** Bodies of submissions as they came, newest last. */
  readonly bodies: string[] = [];
  equivocations = 0;
  /** Log size that "anchors" cover. */
  anchoredSize = 0;
  /** Whether the chain answers. */
  chainIsUp = true;
  readonly #stored = new Map<string, Stored[]>();
  #leafHashes: Uint8Array[] = [];
  readonly #receiptKey = generateKeyPairSync("ed25519");
  readonly #checkpointKey = generateKeyPairSync("ed25519");
  readonly #keys = new Map<string, SigningKey>();
  readonly #server;
  readonly #hanging = new Set<ServerResponse>();

  private constructor(server: ReturnType<typeof createServer>, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    server.on("request", (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        problem(response, 500, "internal", String(error));
      });
    });
  }

  static async start(port = 0): Promise<LedgerStub> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new LedgerStub(server, address.port);
  }

  /** Lets this key sign for a source. */
  register(source: string, key: SigningKey): void {
    this.#keys.set(`${source} ${key.kid}`, key);
  }

  get trust(): TrustProfile {
    return {
      name: "stub",
      environment: "embedded",
      chainId: LOG.chainId,
      genesisHash: `0x${"00".repeat(32)}`,
      anchorRegistry: LOG.registry,
      agencyRegistry: `0x${"cd".repeat(20)}`,
      logId: LOG.logId,
      finalityDepth: 1,
      rpc: [`${this.url}/rpc`],
    };
  }

  /** Opened facets of a source's events in the order of their numbers, which must run from 1 without gaps. */
  eventsOf(source: string): OpenedFacets[] {
    const events = (this.#stored.get(source) ?? []).flatMap(({ submission }) => submission.events);
    events.forEach(({ payload }, at) => {
      if (payload.seq !== at + 1) throw new Error(`number ${payload.seq} stands at place ${at + 1}`);
    });
    return events.map(openFacets);
  }

  /** Forgets the newest submissions of a source: the ledger was restored from an older copy. */
  forget(source: string, submissions: number): void {
    const stored = this.#stored.get(source) ?? [];
    const kept = stored.slice(0, stored.length - submissions);
    this.#stored.set(source, kept);
    const last = kept.at(-1);
    this.#leafHashes = this.#leafHashes.slice(
      0,
      last === undefined ? 0 : last.index + last.submission.events.length,
    );
  }

  async close(): Promise<void> {
    for (const response of this.#hanging) response.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const { pathname } = new URL(request.url ?? "/", this.url);
    if (pathname === "/v1/submissions") return this.#submit(body, response);
    if (pathname === "/v1/receipts") return this.#shown(body, response);
    if (pathname === "/rpc") return this.#rpc(body, response);
    if (pathname === "/v1/anchors") {
      const after = Number(new URL(request.url ?? "/", this.url).searchParams.get("after"));
      return json(response, 200, { anchors: this.anchoredSize > after ? [{ size: this.anchoredSize }] : [] });
    }
    if (pathname.startsWith("/v1/sources/")) {
      const source = pathname.slice("/v1/sources/".length);
      const next = this.#next(source);
      return next === 1
        ? problem(response, 404, "unknown-source", "not heard of yet")
        : json(response, 200, { source, next });
    }
    const [, source, seq] = /^\/v1\/submissions\/([^/]+\/[^/]+)\/(\d+)$/.exec(pathname) ?? [];
    if (source !== undefined) return this.#submissionHolding(source, Number(seq), response);
    const [, place] = /^\/v1\/events\/(\d+)$/.exec(pathname) ?? [];
    if (place !== undefined) return this.#event(Number(place), response);
    const [, index] = /^\/v1\/events\/(\d+)\/evidence$/.exec(pathname) ?? [];
    if (index !== undefined) return this.#evidence(Number(index), response);
    problem(response, 404, "not-found", "nothing here");
  }

  #next(source: string): number {
    const last = (this.#stored.get(source) ?? []).at(-1)?.submission.payload;
    return last === undefined ? 1 : last.first + last.count;
  }

  #submit(body: string, response: ServerResponse): void {
    this.bodies.push(body);
    let submission: ParsedSubmission;
    try {
      submission = parseSubmission(body);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return problem(response, 400, error.code, error.message);
    }
    const { src, log } = submission.payload;
    const fault = this.faultOf(submission);
    if (fault === "unavailable") return problem(response, 503, "overloaded", "try again");
    if (fault === "cut-before") return void response.destroy();
    if (fault === "foreign-400")
      return void response.writeHead(400, { "content-type": "text/html" }).end("<h1>Bad</h1>");
    if (this.refuseAll !== undefined)
      return problem(response, this.refuseAll.status, this.refuseAll.code, "refused");
    const key = this.#keys.get(`${src} ${submission.jws.header.kid}`);
    if (key === undefined) return problem(response, 403, "unknown-key", "register the key first");
    if (!verifyJws(submission.jws, { alg: key.alg, key: key.publicKey })) {
      return problem(response, 403, "wrong-signature", "not signed by this key");
    }
    if (formatLogId(log) !== formatLogId(LOG)) return problem(response, 422, "wrong-log", "another log");
    for (const event of submission.events) {
      const code = this.refusalOf(event);
      if (code !== undefined) return problem(response, 422, code, `event ${event.payload.seq} is refused`);
    }
    this.#sequence(submission, body, response, fault);
  }

  #sequence(
    submission: ParsedSubmission,
    body: string,
    response: ServerResponse,
    fault: Fault | undefined,
  ): void {
    const { src, first, count } = submission.payload;
    const next = this.#next(src);
    if (first > next) return problem(response, 409, "sequence-gap", "earlier events are missing", { next });
    const known = (this.#stored.get(src) ?? []).filter(
      ({ submission: { payload } }) => payload.first < first + count && payload.first + payload.count > first,
    );
    for (const { payload, payloadText } of submission.events) {
      const there = known
        .flatMap((stored) => stored.submission.events)
        .find((event) => event.payload.seq === payload.seq);
      if (there !== undefined && there.payloadText !== payloadText) {
        this.equivocations += 1;
        return problem(response, 409, "equivocation", `another event has the number ${payload.seq}`);
      }
    }
    if (known.length > 0 && first + count > next) {
      return problem(response, 409, "partial-overlap", "part is known", {
        receipts: known.map(({ receipt }) => receipt),
        next,
      });
    }
    const stored = known.length > 0 ? known : [this.#store(submission, jwsOf(body))];
    if (fault === "cut-after") return void response.destroy();
    if (fault === "hang-after") return void this.#hanging.add(response);
    const receipts = stored.map(({ receipt }) =>
      fault === "forged-receipt"
        ? this.#sign(parseReceipt(receipt).receipt, this.#checkpointKey.privateKey)
        : receipt,
    );
    json(response, known.length > 0 ? 200 : 201, { receipts });
  }

  #store(submission: ParsedSubmission, jws: string): Stored {
    const { src, first, count, root } = submission.payload;
    const index = this.#leafHashes.length;
    const receipt = this.#sign(
      { log: LOG, src, first, count, root, index, time: NOW, anchorBy: NOW + 600, indexBy: 0 },
      this.#receiptKey.privateKey,
    );
    const stored = { submission, jws, index, receipt };
    this.#leafHashes.push(...submission.leafHashes);
    this.#stored.set(src, [...(this.#stored.get(src) ?? []), stored]);
    return stored;
  }

  #sign(receipt: Receipt, key: KeyObject): string {
    const kid = keyId("EdDSA", this.#receiptPublicKey());
    return makeReceipt(receipt, { alg: "EdDSA", kid, sign: (data) => sign(null, data, key) });
  }

  #shown(body: string, response: ServerResponse): void {
    const value: unknown = JSON.parse(body);
    const receipts = value !== null && typeof value === "object" && "receipts" in value ? value.receipts : [];
    for (const text of Array.isArray(receipts) ? receipts : []) {
      const { receipt } = parseReceipt(String(text));
      if (receipt.first + receipt.count > this.#next(receipt.src)) {
        return problem(response, 503, "store-behind", "the store is older than this receipt");
      }
    }
    json(response, 200, {});
  }

  #submissionHolding(source: string, seq: number, response: ServerResponse): void {
    const stored = (this.#stored.get(source) ?? []).find(
      ({ submission: { payload } }) => seq < payload.first + payload.count,
    );
    if (stored === undefined)
      return problem(response, 404, "unknown-submission", "no event has that number yet");
    json(response, 200, { source, first: stored.submission.payload.first, index: stored.index });
  }

  #event(index: number, response: ServerResponse): void {
    const event = this.#at(index)?.event;
    if (event === undefined)
      return problem(response, 404, "unknown-event", "the log does not reach this index");
    json(response, 200, { index, event: `${event.payloadText}~` });
  }

  #at(index: number): { stored: Stored; event: ParsedEvent } | undefined {
    const stored = [...this.#stored.values()]
      .flat()
      .find((entry) => entry.index <= index && index < entry.index + entry.submission.events.length);
    const event = stored?.submission.events[index - stored.index];
    return stored === undefined || event === undefined ? undefined : { stored, event };
  }

  /** Evidence of one event with nothing opened, as a stranger gets it. */
  #evidence(index: number, response: ServerResponse): void {
    const found = this.#at(index);
    if (found === undefined || index >= this.anchoredSize) {
      return problem(response, 404, "not-yet-anchored", "wait for the anchor");
    }
    const { stored, event } = found;
    const leaves = this.#leafHashes.slice(0, this.anchoredSize);
    const origin = checkpointOrigin(LOG);
    const checkpoint = signNote(
      formatCheckpoint({ origin, size: leaves.length, root: rootHash(leaves) }),
      verifierKey(origin, rawPublicKey(this.#checkpointKey.publicKey)),
      (data) => sign(null, data, this.#checkpointKey.privateKey),
    );
    const place = index - stored.index;
    const evidence = formatEvidence({
      type: "minhbach/evidence",
      version: 1,
      event: `${event.payloadText}~`,
      submission: {
        jws: stored.jws,
        index: place,
        path: inclusionProof(stored.submission.leafHashes, place).map(toBase64),
      },
      proof: formatTlogProof({ index, hashes: inclusionProof(leaves, index), checkpoint }),
      anchor: { block: 7, transaction: `0x${"11".repeat(32)}` },
    });
    response.writeHead(200, { "content-type": "application/json" }).end(evidence);
  }

  #rpc(body: string, response: ServerResponse): void {
    if (!this.chainIsUp) return void response.writeHead(502).end();
    const request: unknown = JSON.parse(body);
    if (request === null || typeof request !== "object" || !("method" in request) || !("id" in request)) {
      return void response.writeHead(400).end();
    }
    const { method, id } = request;
    const isKeys = JSON.stringify(request).includes(SELECTORS["logKeysAt(uint64,uint64)"]);
    const result =
      method === "eth_blockNumber"
        ? "0x10"
        : method === "eth_call" && isKeys
          ? `0x${"00".repeat(32)}${toHex(this.#receiptPublicKey())}${"00".repeat(32)}`
          : undefined;
    json(
      response,
      200,
      result === undefined
        ? { jsonrpc: "2.0", id, error: { code: -32601, message: "no" } }
        : { jsonrpc: "2.0", id, result },
    );
  }

  #receiptPublicKey(): Uint8Array {
    return rawPublicKey(this.#receiptKey.publicKey);
  }
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return new Uint8Array(Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url"));
}

function jwsOf(body: string): string {
  const value: unknown = JSON.parse(body);
  return value !== null && typeof value === "object" && "jws" in value ? String(value.jws) : "";
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) text += String(chunk);
  return text;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function problem(
  response: ServerResponse,
  status: number,
  code: string,
  detail: string,
  members: object = {},
): void {
  response
    .writeHead(status, { "content-type": "application/problem+json" })
    .end(JSON.stringify({ ...members, title: code, status, code, detail }));
}
