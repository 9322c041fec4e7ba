import { connect, type Socket } from "node:net";

/** One prepared request: method and path with the body to send, if any. */
export interface PreparedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: Uint8Array;
  /** Bearer token, if any. */
  readonly token?: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  /** Latency of every answered request, in milliseconds, in order of completion. */
  readonly latencies: Float64Array;
  /** The first answer that was not 2xx, for the report. */
  readonly firstFailure?: string;
}

/**
 * Sends each connection's requests in order, one at a time, over its own keep-alive socket, and measures from the first byte
 * written to the last byte read. A plain socket instead of an HTTP library keeps the client's share of the two cores small.
 *
 * @param next gives the connection's next request, or undefined when it is done
 * @param onAnswer is given every answer's body
 */
export async function runLoad(
  target: { host: string; port: number },
  connections: number,
  next: (connection: number) => PreparedRequest | undefined,
  onAnswer: (body: Buffer) => void = () => undefined,
): Promise<LoadResult> {
  const latencies: number[] = [];
  let failures = 0;
  let firstFailure: string | undefined;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      const client = await HttpConnection.open(target.host, target.port);
      try {
        for (let request = next(connection); request !== undefined; request = next(connection)) {
          const sent = performance.now();
          const answer = await client.send(request);
          latencies.push(performance.now() - sent);
          onAnswer(answer.body);
          if (answer.status < 200 || answer.status > 299) {
            failures += 1;
            firstFailure ??= `${answer.status} ${answer.body.subarray(0, 300).toString("latin1")}`;
          }
        }
      } finally {
        client.close();
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const result = { requests: latencies.length, failures, seconds, latencies: Float64Array.from(latencies) };
  return firstFailure === undefined ? result : { ...result, firstFailure };
}

interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** A keep-alive HTTP/1.1 connection for answers that carry a Content-Length. */
class HttpConnection {
  private received = Buffer.alloc(0);
  private waiting: { resolve: (answer: HttpAnswer) => void; reject: (cause: Error) => void } | undefined;
  private readonly socket: Socket;
  private readonly authority: string;

  private constructor(socket: Socket, authority: string) {
    this.socket = socket;
    this.authority = authority;
    socket.on("data", (chunk) => {
      this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
      this.deliver();
    });
    socket.on("error", (cause) => this.waiting?.reject(cause));
    socket.on("close", () => this.waiting?.reject(new Error("the server closed the connection")));
  }

  static open(host: string, port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.removeListener("error", reject);
        resolve(new HttpConnection(socket, `${host}:${port}`));
      });
    });
  }

  send({ method, path, body, token }: PreparedRequest): Promise<HttpAnswer> {
    const head =
      `${method} ${path} HTTP/1.1\r\nHost: ${this.authority}\r\n` +
      (token === undefined ? "" : `Authorization: Bearer ${token}\r\n`) +
      (body === undefined
        ? "\r\n"
        : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.cork();
      this.socket.write(head, "latin1");
      if (body !== undefined) this.socket.write(body);
      this.socket.uncork();
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private deliver(): void {
    const headEnd = this.received.indexOf("\r\n\r\n");
    if (headEnd < 0 || this.waiting === undefined) return;
    const head = this.received.subarray(0, headEnd).toString("latin1");
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const { resolve, reject } = this.waiting;
    if (Number.isNaN(length)) {
      this.waiting = undefined;
      reject(new Error(`an answer without Content-Length: ${head}`));
      return;
    }
    const end = headEnd + 4 + length;
    if (this.received.length < end) return;
    const body = this.received.subarray(headEnd + 4, end);
    this.received = this.received.subarray(end);
    this.waiting = undefined;
    resolve({ status: Number(head.slice(9, 12)), body });
  }
}

/** The value below which the given share (0..1) of the samples lies. */
export function quantile(samples: Float64Array, share: number): number {
  const sorted = samples.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
