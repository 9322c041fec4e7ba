import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A token of SoftHSM 2 in a temporary folder, with keys made in it by OpenSC's tool. */
export interface SoftToken {
  /** The URI of the key of this label; its PIN is read from a file of mode 0600. */
  readonly uri: (label: string) => string;
  /** As `uri`, without a PIN. */
  readonly uriWithoutPin: (label: string) => string;
  readonly pin: string;
  readonly pinFile: string;
  /** What a process needs in its environment to find the token. */
  readonly env: { readonly SOFTHSM2_CONF: string };
  readonly makeKey: (label: string, type: "EC:edwards25519" | "EC:prime256v1" | "EC:secp256k1") => void;
  /** Runs OpenSC's tool with the token, logged in. */
  readonly tool: (...parameters: string[]) => void;
  readonly changePin: (from: string, to: string) => void;
  /** Takes the token out. */
  readonly takeOut: () => void;
  readonly putBack: () => void;
  readonly destroy: () => void;
}

const LIBRARIES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib64/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];
const LIBRARY = LIBRARIES.find((file) => existsSync(file));
const PIN = "5678";
const TOKEN = "ledger keys";

/** Why tests with a token can't run here; undefined where they can. */
export function whyNoSoftHsm(): string | undefined {
  if (LIBRARY === undefined) return "SoftHSM 2 is not installed (Debian: apt-get install softhsm2 opensc)";
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  for (const tool of ["softhsm2-util", "pkcs11-tool"])
    if (!folders.some((folder) => existsSync(path.join(folder, tool))))
      return `${tool} is not installed (Debian: apt-get install softhsm2 opensc)`;
  return undefined;
}

/** Makes a token. It serves this process from now on, and others that get its `env`. */
export function makeSoftToken(): SoftToken {
  const library = LIBRARY ?? "";
  const folder = mkdtempSync(path.join(tmpdir(), "minhbach-hsm-"));
  const tokens = path.join(folder, "tokens");
  mkdirSync(tokens);
  const configuration = path.join(folder, "softhsm2.conf");
  writeFileSync(
    configuration,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  const pinFile = path.join(folder, "pin");
  writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
  const env = { SOFTHSM2_CONF: configuration };
  const run = (tool: string, ...parameters: string[]): void => {
    execFileSync(tool, parameters, { stdio: "pipe", env: { ...process.env, ...env } });
  };
  run("softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", "12345678", "--pin", PIN);
  const before = process.env["SOFTHSM2_CONF"];
  process.env["SOFTHSM2_CONF"] = configuration;
  let made = 0;
  const uriWithoutPin = (label: string): string =>
    `pkcs11:token=${encodeURIComponent(TOKEN)};object=${encodeURIComponent(label)}?module-path=${library}`;
  const tool = (...parameters: string[]): void =>
    run("pkcs11-tool", "--module", library, "--token-label", TOKEN, "--login", "--pin", PIN, ...parameters);
  return {
    ...{ pin: PIN, pinFile, env, uriWithoutPin, tool },
    uri: (label) => `${uriWithoutPin(label)}&pin-source=${pinFile}`,
    makeKey: (label, type) => {
      made++;
      const id = made.toString(16).padStart(2, "0");
      tool("--keypairgen", "--key-type", type, "--label", label, "--id", id);
    },
    changePin: (from, to) =>
      run(
        ...(["pkcs11-tool", "--module", library, "--token-label", TOKEN] as const),
        ...(["--change-pin", "--login", "--pin", from, "--new-pin", to] as const),
      ),
    takeOut: () => renameSync(tokens, `${tokens}.out`),
    putBack: () => renameSync(`${tokens}.out`, tokens),
    destroy: () => {
      if (before === undefined) delete process.env["SOFTHSM2_CONF"];
      else process.env["SOFTHSM2_CONF"] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
