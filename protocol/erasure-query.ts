/** How a recorder asks which of its events were erased: signed with its key, because the answer says on which ground. */
import { FormatError } from "./errors.ts";
import { type JwsAlgorithm, parseCompactJws, type ParsedJws, signJws, type SignBytes } from "./jws.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { parseSource, type Source } from "./source.ts";

/** The payload of the JWS, typ "erasure-query+jws". */
export interface ErasureQuery {
  readonly log: LogId;
  readonly src: Source;
  /** Number of the last erased event that the recorder knows of; 0 for none. */
  readonly after: number;
  /** When it was signed, Unix seconds. */
  readonly iat: number;
}

/** A query is answered for so long before and after the time it names, in seconds. */
export const ERASURE_QUERY_SECONDS = 300;

const MEMBERS = 4;

/** Parses a query; its signature is for `verifyJws` with a key of the source. Throws FormatError `erasure-query` and those of the JWS. */
export function parseErasureQuery(text: string): { readonly jws: ParsedJws; readonly query: ErasureQuery } {
  const jws = parseCompactJws(text, "erasure-query+jws");
  const { log, src, after, iat } = jws.payload;
  const isWhole = Object.keys(jws.payload).length === MEMBERS;
  if (!isWhole || typeof log !== "string" || typeof src !== "string" || !isCount(after) || !isCount(iat))
    throw new FormatError("erasure-query", "an erasure query signs exactly {log, src, after, iat}");
  return { jws, query: { log: parseLogId(log), src: parseSource(src), after, iat } };
}

/** Signs a query with a key of the source. */
export function makeErasureQuery(
  { log, src, after, iat }: ErasureQuery,
  key: { readonly alg: JwsAlgorithm; readonly kid: string; readonly sign: SignBytes },
): string {
  const payload = { log: formatLogId(log), src, after, iat };
  return signJws({ alg: key.alg, kid: key.kid, typ: "erasure-query+jws" }, payload, key.sign);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
