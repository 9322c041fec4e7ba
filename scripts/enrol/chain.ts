import { readFile } from "node:fs/promises";
import { equal } from "../../protocol/bytes.ts";
import type { Config } from "../../server/config.ts";
import { chainClient } from "../../server/anchor/chain-client.ts";
import { chainNodes } from "../../server/anchor/chain-nodes.ts";
import { parseTrustProfile } from "../../verifier/trust-profile.ts";
import { EnrolError } from "./error.ts";

const TIMEOUT_MS = 5_000;

/**
 * Compares the VRF public key with the one that the chain names for the life of the log. Undefined when it is the same; else, when the chain
 * or the trust profile cannot be read, why, in words: the ledger compares them again when it starts.
 * @throws EnrolError `wrong-secrets` when the chain names another.
 */
export async function compareWithChain(
  { trustProfilePath, rpcUrls }: Pick<Config, "trustProfilePath" | "rpcUrls">,
  vrfKey: Uint8Array,
): Promise<string | undefined> {
  let named: Uint8Array | undefined;
  try {
    const profile = parseTrustProfile(await readFile(trustProfilePath, "utf8"));
    const { anchorRegistry, logId } = profile;
    const { rpc } = chainNodes({ urls: rpcUrls, identity: profile, timeoutMs: TIMEOUT_MS });
    const chain = chainClient({ rpc, anchorRegistry, logId });
    const newest = (await chain.keyVersions()).at(-1);
    named = newest && (await chain.logKeysAt(newest.fromBlock)).vrf;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (named === undefined) return "the chain names no keys for this log";
  if (equal(named, vrfKey)) return undefined;
  throw new EnrolError(
    "wrong-secrets",
    "VRF_KEY is not the one that the chain names for this log: restore it.",
  );
}
