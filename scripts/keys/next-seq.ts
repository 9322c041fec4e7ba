import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { KeysError } from "./error.ts";

const TIMEOUT_MS = 30_000;

/**
 * The number that a source's next event has, as its ledger says. It must not move until the key is there: stop whoever signs first. Only the ledger's own
 * word for "nothing yet" means 1: a proxy's or another service's 404 says nothing. @throws KeysError
 */
export async function nextSeq(ledger: string, source: string): Promise<number> {
  const next = await asked(`${ledger}/v1/sources/${source}`).catch(() => undefined);
  if (next !== undefined) return next;
  throw new KeysError(
    `The ledger at ${ledger} does not say which number is next: set LEDGER_URL, or give the number by --from.`,
  );
}

async function asked(url: string): Promise<number | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const body = parseStrictJson(await answer.text(), { maxDepth: 8 });
  if (!isJsonObject(body)) return undefined;
  if (answer.status === 404) return body["code"] === "unknown-source" ? 1 : undefined;
  const { next } = body;
  return answer.ok && typeof next === "number" && Number.isSafeInteger(next) && next >= 1 ? next : undefined;
}
