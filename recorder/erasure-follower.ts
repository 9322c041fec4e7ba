import { payloadOf } from "../protocol/event.ts";
import { makeErasureQuery } from "../protocol/erasure-query.ts";
import { signLater } from "../protocol/sign-later.ts";
import type { LogId } from "../protocol/log-id.ts";
import type { Source } from "../protocol/source.ts";
import { type ErasureCheck, leafOf } from "./erasure-check.ts";
import { payloadIn } from "./evidence-text.ts";
import type { ErasurePage, Ledger } from "./ledger.ts";
import type { RecorderLog } from "./sender.ts";
import type { SigningKey } from "./signing-key.ts";
import type { ErasedEvent, Spool } from "./spool.ts";
import type { Timing } from "./timing.ts";

export interface ErasureFollowerParts {
  spool: Spool;
  ledger: Ledger;
  checkErasure: ErasureCheck;
  log: LogId;
  source: Source;
  key: SigningKey;
  timing: Timing;
  logger: RecorderLog;
  /** How often to ask. */
  pollMs: number;
}

export interface ErasureFollower {
  /** Destroys here what was erased in the ledger since the last time. Does nothing until it is time to ask again. */
  follow: () => Promise<void>;
  /** What keeps it from following an erasure, if anything. */
  fault: () => string | undefined;
}

/**
 * Follows the erasures of this source's events: what the ledger destroyed is destroyed here too, event and evidence, once the order is
 * verified. Ended at any point, it goes on from the last page that was destroyed whole.
 */
export function erasureFollower(parts: ErasureFollowerParts): ErasureFollower {
  const { spool, ledger, checkErasure, log, source, key, timing, logger, pollMs } = parts;
  let askAgainAt = -Infinity;
  let fault: string | undefined;

  async function follow(): Promise<void> {
    if (timing.now() < askAgainAt) return;
    askAgainAt = timing.now() + pollMs;
    let isAnew = false;
    for (;;) {
      const { list, after } = await spool.erasuresFollowed();
      const from = isAnew ? 0 : after;
      const iat = Math.floor(timing.now() / 1000);
      const asked = { log, src: source, after: from, iat };
      const query = await signLater((sign) => makeErasureQuery(asked, { ...key, sign }), key.sign);
      const page = await ledger.erasures(query);
      if (page === undefined) return;
      if (page.list !== list && from > 0) {
        // The ledger made its list anew, with other numbers: what is destroyed already is found so.
        isAnew = true;
        continue;
      }
      isAnew = false;
      const last = page.events.at(-1);
      if (last === undefined) return note(undefined);
      const erased = await verified(page);
      if (typeof erased === "string") return note(erased);
      await spool.erase(erased, { list: page.list, after: last.number });
      logger.info({ events: erased.length }, "erased events were destroyed in the spool");
      if (page.next === undefined) return note(undefined);
    }
  }

  /** The events of a page that are ours and were ordered erased, or what is wrong. */
  async function verified({ events, orders }: ErasurePage): Promise<ErasedEvent[] | string> {
    const checked = new Map<number, ReadonlySet<string> | string>();
    for (const { order, evidence } of orders) checked.set(order, await checkErasure(evidence));
    const erased: ErasedEvent[] = [];
    for (const { seq, leaf, order } of events) {
      const leaves = checked.get(order) ?? "its evidence is missing";
      if (typeof leaves === "string") return `the erasure at ${order} proves nothing: ${leaves}`;
      if (!leaves.has(leaf)) return `the erasure at ${order} does not name event ${seq}`;
      if (seq > spool.state.receiptedThrough) return `event ${seq} was erased, and has no receipt here yet`;
      const payload = await payloadAt(seq);
      if (payload !== undefined && leafOf(payload) !== leaf) return `event ${seq} is another one here`;
      erased.push({ seq, leaf });
    }
    return erased;
  }

  /** The payload of an event as far as something of it is kept. */
  async function payloadAt(seq: number): Promise<string | undefined> {
    const event = await spool.event(seq);
    if (event !== undefined) return payloadOf(event);
    const evidence = await spool.evidenceOf(seq);
    return evidence === undefined ? undefined : payloadIn(evidence);
  }

  function note(found: string | undefined): void {
    if (found !== undefined && found !== fault)
      logger.error({ detail: found }, "an erasure of the ledger is not followed");
    fault = found;
  }

  return { follow, fault: () => fault };
}
