import { once } from "node:events";
import type { RequestListener } from "node:http";
import type { Logger } from "pino";
import { type Poll, startPoll } from "../anchor/poll.ts";
import type { Config } from "../config.ts";
import { boundedServer } from "../edge.ts";
import type { Closing } from "./parts.ts";

/** What is still open then has had its answer, or never will. */
const CLOSE_TIMEOUT_MS = 5_000;

export function poller(log: Logger, closing: Closing) {
  return (subject: string, intervalMs: number, run: () => Promise<void>): Poll => {
    const poll = startPoll({ run, intervalMs, log, subject });
    closing.push(poll.close);
    return poll;
  };
}

/** Listens and returns the URL. Closing lets the requests under way have their answers. */
export async function listen(
  edge: RequestListener,
  { host, port }: Pick<Config, "host" | "port">,
  closing: Closing,
): Promise<string> {
  const server = boundedServer(edge);
  server.listen(port, host);
  await once(server, "listening");
  closing.push(async () => {
    const closed = once(server, "close");
    server.close();
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(force);
  });
  const address = server.address();
  const boundPort = typeof address === "object" && address !== null ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}`;
}
