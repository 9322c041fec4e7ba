import { agreeingReader } from "../verifier/chain-agreement.ts";
import { type ChainReader, chainReader } from "../verifier/chain.ts";
import { type Fetch, jsonRpc } from "../verifier/json-rpc.ts";
import { isNodeUrl, type TrustProfile } from "../verifier/trust-profile.ts";
import { type Surroundings, UnusableInput } from "./command.ts";
import { readTrustProfile } from "./trust.ts";

/** Where commands that ask the chain say which one: the options of `parseArguments`. */
export const CHAIN_OPTIONS = {
  trust: { type: "string" },
  rpc: { type: "string", multiple: true, default: [] as string[] },
} as const;

/** What `--help` says of them. */
export const CHAIN_HELP = `  --trust PROFILE  the trust profile you chose to trust: which chain, registries and log.
                   Never take it from where the file came from.
  --rpc URL        a node of the chain to ask; repeat it to ask several, which must all
                   agree. Without it the nodes of the profile are asked.
`;

/** The chain as the command line names it. */
export interface NamedChain {
  readonly profile: TrustProfile | undefined;
  readonly chain: ChainReader | undefined;
}

/** Reads the profile, and makes one reader over all the nodes: none where no node is named. Throws UnusableInput. */
export async function readChain(
  { trust, rpc }: { readonly trust: string | undefined; readonly rpc: readonly string[] },
  { read }: Surroundings,
  fetch: Fetch,
): Promise<NamedChain> {
  for (const url of rpc) {
    if (!isNodeUrl(url)) throw new UnusableInput(`${url} is no http or https URL of a node`);
  }
  const profile = trust === undefined ? undefined : await readTrustProfile(trust, read);
  return { profile, chain: readerOf(rpc.length > 0 ? rpc : (profile?.rpc ?? []), fetch) };
}

/** One reader over all the nodes, or none where no node is named. */
export function readerOf(urls: readonly string[], fetch: Fetch): ChainReader | undefined {
  const [first, ...others] = [...new Set(urls)].map((url) => {
    const name = hostOf(url);
    return chainReader(jsonRpc(url, { fetch, name }), name);
  });
  if (first === undefined || others.length === 0) return first;
  return agreeingReader(first, ...others);
}

/** A URL's host; its path may hold the user's key to the node, and reports are passed on. */
export function hostOf(url: string): string {
  return new URL(url).host;
}
