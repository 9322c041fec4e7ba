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
 * Where free ports are looked for: below those that a system gives to whoever asks for any, or calls somebody (Linux 32,768 and on, others 49,152),
 * so that nobody has one before it is listened on in earnest.
 */
const LOWEST = 10_000;
const NUMBER = 6_000;
/** Processes beside each other look in places of their own. */
const PORTS_OF_A_PROCESS = 40;
let looked = (process.pid * PORTS_OF_A_PROCESS) % NUMBER;

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
      ports.push(one.port === 0 ? await listenAnywhere(server, one.host) : await listen(server, one));
    }
    return ports as { [K in keyof T]: number };
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]().catch(() => undefined)));
  }
}

async function listen(server: Server, { variable, host, port }: WantedPort): Promise<number> {
  try {
    await listening(server, host, port);
  } catch (cause) {
    throw new StartError(
      `Port ${port} on ${host} cannot be used: another program has it, or it needs more rights. Stop that program, or set ${variable} to another port.`,
      { cause },
    );
  }
  return port;
}

async function listenAnywhere(server: Server, host: string): Promise<number> {
  for (let tries = 0; tries < NUMBER; tries++) {
    const port = LOWEST + (looked++ % NUMBER);
    const isTaken = await listening(server, host, port).then(() => false, isInUse);
    if (!isTaken) return port;
  }
  throw new StartError(`All ports from ${LOWEST} on are in use: ${NUMBER} of them.`);
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  await once(server, "listening");
}

/** @throws anything else that was wrong */
function isInUse(error: unknown): true {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return true;
  throw error;
}
