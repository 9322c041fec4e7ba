import type { FindingsBoard, FindingsQuery, ShownFinding } from "../findings/board.ts";
import { answeredBy } from "./statistics.ts";
import { parseDecimal } from "../../protocol/checkpoint.ts";
import type { ComplaintRecord, ComplaintRegister } from "../desk/complaints.ts";
import type { ErasureRegister } from "../disclose/erasures.ts";
import { bad } from "./asked.ts";
import { LedgerError } from "../errors.ts";

/** Something that somebody has to deal with. Nothing in it is about a person. */
export interface QueueItem {
  readonly id: string;
  readonly state: string;
  /** Who has to deal with it, or answers for it. */
  readonly agency?: string | undefined;
  /** Unix seconds: since when it waits, and until when it is to be done. */
  readonly since: number;
  readonly due?: number | undefined;
  /** Log index of the event that it is about. */
  readonly index?: number | undefined;
  /** What kind of thing it is, where the queue has several. */
  readonly kind?: string | undefined;
}

export interface QueuePage {
  readonly items: readonly QueueItem[];
  /** Where to go on; there may be more although this page has fewer than asked for. */
  readonly next?: string | undefined;
}

export interface QueuePaging {
  /** Code of an agency: only what it has to deal with. */
  readonly agency?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A queue: what waits, the oldest first. */
export interface WorkQueue {
  readonly name: string;
  readonly list: (paging: QueuePaging) => Promise<QueuePage>;
}

/** How long a queue is. */
export interface QueueLength {
  readonly name: string;
  /** Counted up to a limit. */
  readonly waiting: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** Unix seconds: since when the oldest waits, and when the first is due. */
  readonly oldest?: number | undefined;
  readonly firstDue?: number | undefined;
}

export interface Queues {
  lengths: (agency: string | undefined) => Promise<readonly QueueLength[]>;
  /** @throws LedgerError `unknown-queue` */
  list: (name: string, paging: QueuePaging) => Promise<QueuePage>;
}

/** Items counted in a queue at most. */
const MAX_COUNTED = 1000;
/** Pages looked at for that: a page may have few items although there are more. */
const MAX_PAGES = 5;

export function workQueues(queues: readonly WorkQueue[]): Queues {
  async function lengthOf({ name, list }: WorkQueue, agency: string | undefined): Promise<QueueLength> {
    const items: QueueItem[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = await list({ agency, after, limit: MAX_COUNTED - items.length });
      items.push(...page.items);
      after = page.next;
      if (after === undefined || items.length >= MAX_COUNTED) break;
    }
    const dues = items.flatMap(({ due }) => (due === undefined ? [] : [due]));
    return {
      ...{ name, waiting: items.length, more: after !== undefined },
      ...(items.length > 0 && { oldest: Math.min(...items.map(({ since }) => since)) }),
      ...(dues.length > 0 && { firstDue: Math.min(...dues) }),
    };
  }

  return {
    lengths: async (agency) => {
      const lengths: QueueLength[] = [];
      for (const queue of queues) lengths.push(await lengthOf(queue, agency));
      return lengths;
    },
    list: async (name, paging) => {
      const queue = queues.find((each) => each.name === name);
      if (queue === undefined)
        throw new LedgerError(
          "unknown-queue",
          `The queues are ${queues.map((each) => each.name).join(", ")}.`,
        );
      return await queue.list(paging);
    },
  };
}

/** A queue of findings: those of the query that `waits` still. */
function findingQueue(
  board: Pick<FindingsBoard, "list">,
  name: string,
  query: FindingsQuery,
  waits: (finding: ShownFinding) => boolean = () => true,
): WorkQueue {
  return {
    name,
    list: async ({ agency, after, limit }) => {
      const { findings, next } = await board.list({
        ...{ ...query, limit },
        ...(agency !== undefined && { agency }),
        ...(after !== undefined && { after }),
      });
      return { items: findings.filter(waits).map(itemOf), next };
    },
  };
}

/** What follows from findings: whatever is open, what was explained and waits for the inspector, and the ones with a way of their own. */
export function findingQueues(board: Pick<FindingsBoard, "list">): WorkQueue[] {
  return [
    findingQueue(board, "findings", { state: "open" }),
    findingQueue(board, "explanations", { state: "explained" }),
    findingQueue(board, "emergencies", { kind: "emergency-unreviewed", state: "open" }),
    findingQueue(
      board,
      "breach-notifications",
      { state: "confirmed" },
      ({ notifyBy, notifiedAt }) => notifyBy !== undefined && notifiedAt === undefined,
    ),
    findingQueue(board, "unmatched-exchanges", { kind: "unmatched-exchange", state: "open" }),
    findingQueue(board, "silent-sources", { kind: "silent-source", state: "open" }),
  ];
}

/** Complaints that wait for the agency's answer, and those that wait for the inspector's decision. */
export function complaintQueues({ complaints, dueAt }: ComplaintQueueParts): WorkQueue[] {
  const queue = (name: string, state: "filed" | "open", what: "answer" | "decision"): WorkQueue => ({
    name,
    list: async ({ agency, after, limit }) => {
      const from = after === undefined ? 0 : placeIn(after);
      const scope = agency === undefined ? "all" : { agency };
      const page = await complaints.list({ scope, state, from, limit });
      const items = page.map(async (record) => itemOfComplaint(record, (await dueAt(record))?.[what]));
      const last = page.length === limit ? page.at(-1)?.steps[0] : undefined;
      return { items: await Promise.all(items), ...(last && { next: String(last.index + 1) }) };
    },
  });
  return [
    queue("complaints-to-answer", "filed", "answer"),
    queue("complaints-to-decide", "open", "decision"),
  ];
}

export interface ComplaintQueueParts {
  readonly complaints: Pick<ComplaintRegister, "list">;
  /** Until when answer and decision are due, Unix seconds; undefined where no law says it. */
  readonly dueAt: (
    record: ComplaintRecord,
  ) => Promise<{ readonly answer: number; readonly decision: number } | undefined>;
}

function itemOfComplaint({ id, agency, state, steps }: ComplaintRecord, due: number | undefined): QueueItem {
  const [filing] = steps;
  return { id, agency, state, since: filing?.time ?? 0, due, index: filing?.index };
}

/** Erasures that were ordered and are not done whole. */
export function erasureQueue({ erasures, timeOf }: ErasureQueueParts): WorkQueue {
  return {
    name: "erasures",
    list: async ({ agency, after, limit }) => {
      await erasures.caughtUp();
      const page = await erasures.waiting({ from: after === undefined ? 0 : placeIn(after), limit });
      const last = page.length === limit ? page.at(-1) : undefined;
      const own = page.filter(({ authority }) => agency === undefined || authority === agency);
      const items = own.map(async ({ id, authority, index, sealed }): Promise<QueueItem> => {
        const state = sealed > 0 ? "sealed" : "waiting";
        return { id, state, agency: authority, since: (await timeOf(index)) ?? 0, index };
      });
      return { items: await Promise.all(items), ...(last && { next: String(last.index + 1) }) };
    },
  };
}

export interface ErasureQueueParts {
  readonly erasures: Pick<ErasureRegister, "caughtUp" | "waiting">;
  /** When an event was received, Unix seconds. */
  readonly timeOf: (index: number) => Promise<number | undefined>;
}

/** The log index that a page begins at. */
function placeIn(after: string): number {
  const place = parseDecimal(after);
  if (place === undefined) throw bad("The parameter after must be the `next` of the page before.");
  return place;
}

function itemOf(finding: ShownFinding): QueueItem {
  const { id, kind, state, since, notifyBy, evidence } = finding;
  return {
    ...{ id, kind, state, since },
    agency: answeredBy(finding),
    due: notifyBy,
    index: "index" in evidence ? evidence.index : undefined,
  };
}
