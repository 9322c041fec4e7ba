import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { StartError } from "./error.ts";

export interface WantedPort {
  /** The setting that names the port, for the message. */
  readonly variable: string;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/**
 * Where free ports are looked for: below those that a system gives to whoever asks for any, or connects to somebody (Linux 32,768 and on, others 49,152),
 * so that nobody has one before it is listened on in earnest. Browsers and fetch refuse none of them (the Fetch standard's "bad ports").
 */
const LOWEST = 10_100;
const NUMBER = 5_900;
/** Each process begins at a place of its own. */
let looked = randomInt(NUMBER);

/**
 * The wanted ports, with free ones for 0, after listening on all of them for a moment: a taken port, or one wanted twice, is
 * found before anything starts.
 * @throws StartError naming the setting to change
 */
export async function freePorts<const T extends readonly WantedPort[]>(
  wanted: T,
): Promise<{ [K in keyof T]: number }> {
  const servers: Server[] = [];
  try {
    const ports: number[] = [];
    for (const one of wanted) {
      const server = createServer();
      servers.push(server);
      ports.push(one.port === 0 ? await listenAnywhere(server, one) : await listen(server, one));
    }
    return ports as { [K in keyof T]: number };
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]().catch(() => undefined)));
  }
}

async function listen(server: Server, { variable, host, port }: WantedPort): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw new StartError(
      `Port ${port} on ${host} cannot be used: another program has it, or it needs more rights. Stop that program, or set ${variable} to another port.`,
      { cause },
    );
  }
  return port;
}

async function listenAnywhere(server: Server, wanted: WantedPort): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await listen(server, { ...wanted, port: LOWEST + (looked++ % NUMBER) });
    } catch (error) {
      if (!isTaken(error) || tries === NUMBER) throw error;
    }
  }
}

function isTaken(error: unknown): boolean {
  const { cause } = error instanceof StartError ? error : {};
  return (
    cause instanceof Error && "code" in cause && (cause.code === "EADDRINUSE" || cause.code === "EACCES")
  );
}
