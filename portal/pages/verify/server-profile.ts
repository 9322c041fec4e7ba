import { useQuery } from "@tanstack/react-query";

import { fromUtf8 } from "../../../protocol/bytes.ts";
import { parseTrustProfile, type TrustProfile } from "../../../verifier/trust-profile.ts";
import { problemOf, send } from "../../api/request.ts";
import type { Node } from "../../verify/file-messages.ts";

/** The log that this server names as its own: fetched once, when the page is opened. */
export function useServerProfile() {
  return useQuery({ queryKey: ["trust"], queryFn: readProfile, staleTime: Infinity, gcTime: Infinity });
}

async function readProfile(): Promise<TrustProfile> {
  const response = await send("/portal/trust", { background: true });
  if (!response.ok) throw problemOf(response, undefined);
  return parseTrustProfile(fromUtf8(new Uint8Array(await response.arrayBuffer())));
}

/** This server's way to the chain. */
export function serverNode(): Node {
  const { origin, host } = location;
  return { name: host, url: `${origin}/rpc` };
}
