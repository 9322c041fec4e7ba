import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The last release that seals blocks with Clique. */
export const GETH_VERSION = "1.13.15";
const PACKAGE = `github.com/ethereum/go-ethereum/cmd/geth@v${GETH_VERSION}`;
/** Four minutes on two quiet cores, the download of its modules included. */
export const BUILD_TIMEOUT_MS = 25 * 60_000;

/** There is no geth here; the message says why. */
export class NoGeth extends Error {}

/**
 * The path of geth, built from its public release by the Go module proxy (whose checksum database vouches for the sources) when it is
 * not in the user's cache yet.
 * @throws NoGeth
 */
export async function geth(): Promise<string> {
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "minhbach");
  const binary = path.join(cache, `geth-${GETH_VERSION}-${process.platform}-${process.arch}`);
  if (existsSync(binary)) return binary;
  await requireGo();
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, "building-"));
  try {
    await build(folder);
    // Whole or not at all, also when two build it at once.
    await rename(path.join(folder, "geth"), binary);
    return binary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function requireGo(): Promise<void> {
  try {
    await run("go", ["version"]);
  } catch (cause) {
    throw new NoGeth(`geth ${GETH_VERSION} is built with Go, which is not installed here`, { cause });
  }
}

async function build(folder: string): Promise<void> {
  // A dependency names a symbol of Go's runtime, which newer versions of Go refuse unless told.
  const flags = ["-trimpath", "-ldflags=-checklinkname=0 -s -w"];
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: "0" };
  try {
    await run("go", ["install", ...flags, PACKAGE], { env, timeout: BUILD_TIMEOUT_MS });
  } catch (cause) {
    throw new NoGeth(`geth ${GETH_VERSION} cannot be built here: ${lastLine(cause)}`, { cause });
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr ?? message).trim().split("\n").at(-1) ?? "";
}
