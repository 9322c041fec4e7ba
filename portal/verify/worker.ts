/** Fetches a statement and verifies it, away from the page, which stays quick meanwhile. One task for each worker. */
import { fromUtf8 } from "../../protocol/bytes.ts";
import { chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { parseTrustProfile, type TrustProfile, TrustProfileError } from "../../verifier/trust-profile.ts";
import { ApiError } from "../api/error.ts";
import { problemOf, send } from "../api/request.ts";
import { checkStatement } from "./check.ts";
import type { StatementTask, WorkerMessage } from "./messages.ts";

function tell(message: WorkerMessage): void {
  self.postMessage(message);
}

addEventListener("message", ({ data }: MessageEvent<StatementTask>) => {
  run(data).then(
    () => undefined,
    (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      tell({ kind: "failed", code: error.code, detail: error.message, status: error.status });
    },
  );
});

async function run({ person, own }: StatementTask): Promise<void> {
  const [bytes, profile] = await Promise.all([statementOf(own ? {} : person), trustProfile()]);
  tell({ kind: "verifying" });
  // Over the same server: the portal's policy lets it ask nobody else. On the verify page a person names other nodes.
  const node = new URL("/rpc", self.location.origin).href;
  const fetchNode: Parameters<typeof jsonRpc>[1]["fetch"] = async (url, request) =>
    await fetch(url, { ...request });
  const chain = chainReader(jsonRpc(node, { fetch: fetchNode, name: node }), node);
  tell({ kind: "checked", statement: await checkStatement(bytes, { person, profile, chain }) });
}

/** The statement's bytes as they come. @throws ApiError */
async function statementOf(body: object): Promise<Uint8Array<ArrayBuffer>> {
  const response = await send("/v1/statement", { method: "POST", body });
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined));
  return await bytesOf(response, (bytes) => tell({ kind: "fetching", bytes }));
}

/** @throws ApiError when it breaks off */
async function bytesOf(
  response: Response,
  onBytes: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch((cause: unknown) => {
      throw new ApiError("unreachable", "The statement broke off on its way.", { cause });
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
async function trustProfile(): Promise<TrustProfile | undefined> {
  try {
    const response = await send("/portal/trust");
    if (!response.ok) return undefined;
    return parseTrustProfile(fromUtf8(new Uint8Array(await response.arrayBuffer())));
  } catch (error) {
    if (error instanceof ApiError || error instanceof TrustProfileError) return undefined;
    throw error;
  }
}
