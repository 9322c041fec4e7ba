/** What the workers verify with, as the server that the page came from gives it. */
import { fromUtf8 } from "../../protocol/bytes.ts";
import type { Rpc } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { parseTrustProfile, type TrustProfile, TrustProfileError } from "../../verifier/trust-profile.ts";
import { ApiError } from "../api/error.ts";
import { problemOf, send } from "../api/request.ts";

/** The chain by the same server: the portal's policy lets it ask nobody else. On the verify page a person names other nodes. */
export function ownNode(): { readonly rpc: Rpc; readonly name: string } {
  const name = new URL("/rpc", self.location.origin).href;
  const fetchNode: Parameters<typeof jsonRpc>[1]["fetch"] = async (url, request) =>
    await fetch(url, { ...request });
  return { rpc: jsonRpc(name, { fetch: fetchNode, name }), name };
}

/** What the server answers to a body, as it comes. @throws ApiError also when it breaks off */
export async function bytesFrom(
  path: string,
  body: object,
  onBytes: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await send(path, { method: "POST", body });
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch((cause: unknown) => {
      throw new ApiError("unreachable", "The answer broke off on its way.", { cause });
    })) ?? { done: true, value: undefined };
    if (value !== undefined) {
      chunks.push(value);
      onBytes((length += value.length));
    }
    if (done) break;
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** What the server names as its log; undefined where it cannot be had, which the checks then say. */
export async function trustProfile(): Promise<TrustProfile | undefined> {
  try {
    const response = await send("/portal/trust");
    if (!response.ok) return undefined;
    return parseTrustProfile(fromUtf8(new Uint8Array(await response.arrayBuffer())));
  } catch (error) {
    if (error instanceof ApiError || error instanceof TrustProfileError) return undefined;
    throw error;
  }
}
