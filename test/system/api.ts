/** Calling the running ledger as one of its callers, for tests. */
import type { Headers } from "./statements.ts";

export interface ApiAnswer {
  readonly status: number;
  /** The members of a JSON answer; of a problem too. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Asks once. A body makes it a POST. */
export async function call(url: string, headers: Headers, body?: object): Promise<ApiAnswer> {
  const init =
    body === undefined
      ? { headers }
      : {
          ...{ method: "POST", body: JSON.stringify(body) },
          headers: { "content-type": "application/json", ...headers },
        };
  const response = await fetch(url, init);
  return { status: response.status, json: (await response.json()) as Readonly<Record<string, unknown>> };
}
