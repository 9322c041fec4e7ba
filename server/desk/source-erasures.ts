import { fromUtf8 } from "../../protocol/bytes.ts";
import { ERASURE_QUERY_SECONDS, parseErasureQuery } from "../../protocol/erasure-query.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { MAX_JWS_LENGTH, verifyJws } from "../../protocol/jws.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import type { ErasureRegister } from "../disclose/erasures.ts";
import { LedgerError } from "../errors.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { Route } from "../route.ts";

export interface SourceErasuresOptions {
  readonly erasures: Pick<ErasureRegister, "ofSource">;
  /** The evidence of an erasure event at this log index that shows its type, its order and its time. */
  readonly evidenceOf: (order: number) => Promise<string>;
  readonly keys: Pick<KeyDirectory, "keys">;
  /** This log, as `formatLogId` writes it. */
  readonly log: string;
  readonly clock: Clock;
}

const EVENTS_PER_PAGE = 100;

/**
 * `POST /v1/sources/{agency}/{recorder}/erasures`: which events of a source were erased, for its recorder, which then destroys what it has of
 * them; with the evidence of each order, so that it destroys nothing because the ledger says so.
 */
export function sourceErasureRoutes({
  erasures,
  evidenceOf,
  keys,
  log,
  clock,
}: SourceErasuresOptions): Route[] {
  return [
    {
      name: "postSourceErasures",
      method: "post",
      path: "/v1/sources/:agency/:recorder/erasures",
      maxBodyBytes: MAX_JWS_LENGTH + 64,
      handle: async ({ body, parameter }) => {
        const source = parseSource(`${parameter("agency")}/${parameter("recorder")}`);
        const after = authenticated(source, queryIn(body));
        const { list, events } = await erasures.ofSource(source, { after, limit: EVENTS_PER_PAGE });
        const orders = [...new Set(events.map(({ order }) => order))];
        const evidence: unknown[] = [];
        for (const order of orders) {
          const file: unknown = JSON.parse(await evidenceOf(order));
          evidence.push({ order, evidence: file });
        }
        const last = events.length === EVENTS_PER_PAGE ? events.at(-1) : undefined;
        return {
          json: {
            list,
            events: events.map(({ number, seq, leaf, order }) => ({ number, seq, leaf, order })),
            orders: evidence,
            ...(last && { next: last.number }),
          },
        };
      },
    },
  ];

  /** The number after which a query of this source asks. @throws LedgerError when it is not the source's, or is old. */
  function authenticated(source: Source, text: string): number {
    const { jws, query } = parseErasureQuery(text);
    if (formatLogId(query.log) !== log)
      throw new LedgerError("wrong-log", `This is the log ${log}; the query is signed for another one.`);
    const key = keys.keys().find((each) => each.source === source && each.kid === jws.header.kid);
    if (query.src !== source || key === undefined)
      throw new LedgerError("unknown-key", "Sign the query with a key of this source that the chain knows.");
    if (key.revoked) throw new LedgerError("revoked-key", "The key of this query was revoked.");
    if (!verifyJws(jws, key))
      throw new LedgerError("wrong-signature", "The signature of this query is not its key's.");
    if (Math.abs(clock.now() / 1000 - query.iat) > ERASURE_QUERY_SECONDS)
      throw new LedgerError("bad-request", "The query's time is too far from the ledger's. Sign a new one.");
    return query.after;
  }
}

function queryIn(body: Uint8Array): string {
  const value = parseStrictJson(fromUtf8(body), { maxDepth: 1 });
  if (isJsonObject(value) && Object.keys(value).length === 1 && typeof value["query"] === "string")
    return value["query"];
  throw new LedgerError("bad-request", "Send a JSON object with query, a signed erasure query.");
}
