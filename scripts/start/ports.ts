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
      ports.push(await listen(server, one));
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
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
