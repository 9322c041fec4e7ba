import { setTimeout as sleep } from "node:timers/promises";
import { readFile } from "node:fs/promises";
import { Transaction } from "ethers";
import { type AnchorAccount, anchorAccount, nextNonce } from "../../server/anchor/anchor-transaction.ts";
import { agencyRegistryArtifact, anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { contractReader, number, revertName } from "../../server/anchor/chain-values.ts";
import { feesFor } from "../../server/anchor/fees.ts";
import { isObject, type Rpc, RpcFailure } from "../../server/anchor/json-rpc.ts";
import type { Config, Env } from "../../server/config.ts";
import { openGivenKey } from "../../server/secrets.ts";
import { accountKeyOf } from "../../server/signers.ts";
import { parseTrustProfile, type TrustProfile, TrustProfileError } from "../../verifier/trust-profile.ts";
import { httpRpc } from "../deploy/json-rpc.ts";
import { KeysError } from "./error.ts";

export type Registry = "anchors" | "agencies";

/** The two registries of a deployment, as one who has an account sees them. */
export interface Registries {
  readonly profile: TrustProfile;
  readonly rpc: Rpc;
  readonly read: (registry: Registry, name: string, args: readonly unknown[]) => Promise<readonly unknown[]>;
  /** Sends a transaction and resolves once it took effect. @throws KeysError with the contract's reason */
  readonly send: (
    account: AnchorAccount,
    registry: Registry,
    name: string,
    args: readonly unknown[],
  ) => Promise<void>;
}

const GAS_MARGIN_PERCENT = 125n;
const POLL_MS = 100;
/** Several blocks of the slowest permissioned chains. */
const MINE_TIMEOUT_MS = 120_000;

/** @throws KeysError when the trust profile or the chain is not the one it should be */
export async function openRegistries(config: Config): Promise<Registries> {
  const profile = await readProfile(config.trustProfilePath);
  const [url = ""] = config.rpcUrls;
  const rpc = httpRpc(url);
  const chainId = number(await rpc("eth_chainId", []));
  if (chainId !== profile.chainId)
    throw new KeysError(
      `RPC_URL is a node of chain ${chainId}, and the trust profile is of chain ${profile.chainId}.`,
    );
  const contracts = {
    anchors: { address: profile.anchorRegistry, abi: anchorRegistryArtifact.abi },
    agencies: { address: profile.agencyRegistry, abi: agencyRegistryArtifact.abi },
  };
  return {
    ...{ profile, rpc },
    read: async (registry, name, args) => {
      const { address, abi } = contracts[registry];
      return await contractReader(rpc, address, abi)(name, args);
    },
    send: async (account, registry, name, args) => {
      const { address: to, abi } = contracts[registry];
      const data = abi.encodeFunctionData(name, args);
      try {
        await sendTransaction(rpc, account, { to, data, chainId });
      } catch (cause) {
        if (!(cause instanceof RpcFailure)) throw cause;
        const reason = revertName(cause, abi) ?? cause.message;
        throw new KeysError(`The registry refuses ${name}: ${reason}.`, { cause });
      }
    },
  };
}

/** The account whose key the environment gives, itself, in a file or in a token. @throws KeysError, ConfigError */
export async function accountFrom(variable: "ADMIN_KEY" | "ACCOUNT_KEY", env: Env): Promise<AnchorAccount> {
  const key = await openGivenKey(variable, "secp256k1", env);
  if (key === undefined)
    throw new KeysError(`${variable} or ${variable}_FILE must give the key that signs the transaction.`);
  return anchorAccount(accountKeyOf(key));
}

async function readProfile(file: string): Promise<TrustProfile> {
  try {
    return parseTrustProfile(await readFile(file, "utf8"));
  } catch (cause) {
    const why = cause instanceof TrustProfileError ? cause.message : "it cannot be read";
    throw new KeysError(`TRUST_PROFILE: ${file}: ${why}.`, { cause });
  }
}

async function sendTransaction(
  rpc: Rpc,
  account: AnchorAccount,
  { to, data, chainId }: { to: string; data: string; chainId: number },
): Promise<void> {
  const from = account.address;
  const gas = BigInt(String(await rpc("eth_estimateGas", [{ from, to, data }])));
  const transaction = Transaction.from({
    ...(await feesFor(rpc, from)),
    ...{ chainId, to, data, nonce: await nextNonce(rpc, from) },
    gasLimit: (gas * GAS_MARGIN_PERCENT) / 100n,
  });
  const signed = await account.sign(transaction);
  await rpc("eth_sendRawTransaction", [signed.serialized]);
  const begun = performance.now();
  for (;;) {
    const receipt = await rpc("eth_getTransactionReceipt", [signed.hash]);
    if (isObject(receipt)) {
      if (receipt["status"] === "0x1") return;
      throw new KeysError(`The transaction ${String(signed.hash)} was mined and failed.`);
    }
    if (performance.now() - begun > MINE_TIMEOUT_MS)
      throw new KeysError(
        `The transaction ${String(signed.hash)} is not mined yet. See whether the chain makes blocks; then list the keys before you try again.`,
      );
    await sleep(POLL_MS);
  }
}
