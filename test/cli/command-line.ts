import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Command, type ExitCode, type Surroundings, UnusableInput } from "../../cli/command.ts";
import { runCommandLine } from "../../cli/run.ts";
import type { Rpc } from "../../verifier/chain.ts";
import { ChainError } from "../../verifier/chain.ts";

/** What a command line did. */
export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Standard error of a test run, which draws no progress bars. */
const NO_TERMINAL = Object.assign(Object.create(process.stderr) as NodeJS.WriteStream, { isTTY: false });

/** Runs a command line in this process, on the given files alone; what it writes stands in them afterwards. */
export async function runCommands(
  commands: readonly Command[],
  args: readonly string[],
  files: Record<string, string> = {},
  told: Partial<Pick<Surroundings, "env" | "interruption">> = {},
): Promise<Ran> {
  const written = { out: "", err: "" };
  const code = await runCommandLine(args, commands, {
    terminal: {
      out: (text) => (written.out += text),
      err: (text) => (written.err += text),
      columns: 80,
      colour: false,
    },
    read(file, maxBytes) {
      const bytes = new TextEncoder().encode(files[file]);
      if (files[file] === undefined) return Promise.reject(new UnusableInput(`${file} cannot be read`));
      if (bytes.length > maxBytes) return Promise.reject(new UnusableInput(`${file} is too long`));
      return Promise.resolve(bytes);
    },
    write(file, text) {
      files[file] = text;
      return Promise.resolve();
    },
    env: {},
    progress: NO_TERMINAL,
    interruption: () => new AbortController().signal,
    ...told,
  });
  return { code, ...written };
}

/** Serves a node's answers as JSON-RPC over HTTP on a random port of this machine. */
export async function serveNode(rpc: Rpc): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] };
      rpc(method, params).then(
        (result) => response.end(JSON.stringify({ jsonrpc: "2.0", id, result })),
        (error: unknown) => {
          const message = error instanceof ChainError ? error.message : "internal error";
          response.end(JSON.stringify({ jsonrpc: "2.0", id, error: { code: 3, message } }));
        },
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
