/** Where what a test recorded stands in the log, and waiting until the ledger has dealt with it. */
import { expect } from "chai";
import { call } from "../system/api.ts";
import { fetchUntil, POLICE } from "../system/fixture.ts";
import { tokenNamed } from "../system/statements.ts";
import type { Portal } from "./browser.ts";

/** Log index of an event of the police, by its number. */
export async function indexOf({ url }: Pick<Portal, "url">, seq: number): Promise<number> {
  const { first, index } = (await (
    await fetchUntil(`${url}/v1/submissions/${POLICE}/${seq}`)
  ).json()) as Readonly<Record<"first" | "index", number>>;
  return index + seq - first;
}

/** The month in which an event of the police counts, such as `2026-11`: a page that is opened later may begin with the next one. */
export async function monthOf({ url }: Pick<Portal, "url">, seq: number): Promise<string> {
  const submission = await fetchUntil(`${url}/v1/submissions/${POLICE}/${seq}`);
  const { time } = (await submission.json()) as { readonly time: number };
  return new Date(time * 1000).toISOString().slice(0, 7);
}

/** Asks until it holds. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 200_000;
  while (!(await holds())) {
    if (performance.now() > deadline) expect.fail(`${what} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until everything recorded so far has been judged, can be searched and is anchored. */
export async function judged({ url }: Pick<Portal, "url">): Promise<void> {
  const eventsNow = async () => {
    const { events } = (await (await fetch(`${url}/health`)).json()) as {
      events: Readonly<Record<"recorded" | "judged" | "searchable" | "indexed" | "anchored", number>>;
    };
    return events;
  };
  const { recorded } = await eventsNow();
  await until("that all is judged", async () => {
    const { judged: done, searchable, indexed, anchored } = await eventsNow();
    return Math.min(done, searchable, indexed, anchored) >= recorded;
  });
}

/** Waits until something waits in a queue, as an inspector sees it. */
export async function waiting({ url, system }: Pick<Portal, "url" | "system">, queue: string): Promise<void> {
  const inspector = await tokenNamed(system, "inspector");
  await until(`that ${queue} holds something`, async () => {
    const { items } = (await call(`${url}/v1/queues/${queue}`, inspector)).json as {
      items: readonly unknown[];
    };
    return items.length > 0;
  });
}

/** Waits until the contents that an order of erasure names are destroyed. */
export async function destroyed(
  { url, system }: Pick<Portal, "url" | "system">,
  order: string,
): Promise<void> {
  const inspector = await tokenNamed(system, "inspector");
  await until(`that ${order} is carried out`, async () => {
    const { erasures } = (await call(`${url}/v1/erasures/${order}`, inspector)).json as {
      erasures: readonly { readonly state: string }[];
    };
    return erasures[0]?.state === "destroyed";
  });
}
