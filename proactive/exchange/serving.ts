import { createServer, type RequestListener, type Server } from "node:http";

/** An HTTP service that listens. */
export interface Serving {
  /** Where it listens, such as `http://127.0.0.1:8101`. */
  readonly url: string;
  /** Stops listening, and resolves when what was under way is answered. */
  readonly close: () => Promise<void>;
}

export interface Place {
  /** Address to listen on; loopback by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
}

const LOOPBACK = "127.0.0.1";
/** Who sends slower than this holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 10_000;
/** More than all agencies of a province have open at once. */
const MAX_CONNECTIONS = 1_024;
const CLOSING_POLL_MS = 20;

/** Serves an application. Rejects when the port cannot be had. */
export async function serve(application: RequestListener, place: Place): Promise<Serving> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    application,
  );
  server.maxConnections = MAX_CONNECTIONS;
  const url = await listening(server, place);
  return { url, close: () => closed(server) };
}

async function listening(server: Server, { host = LOOPBACK, port }: Place): Promise<string> {
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (typeof address !== "object" || address === null) return;
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}`);
    });
  });
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    // A connection whose answer is under way becomes idle after it, and would be kept for seconds.
    const closeIdle = setInterval(() => server.closeIdleConnections(), CLOSING_POLL_MS);
    server.close(() => {
      clearInterval(closeIdle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
