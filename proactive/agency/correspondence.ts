import { Level } from "level";
import type { RecorderLog } from "../../recorder/index.ts";
import type { Case } from "../cases/case.ts";
import type { CaseStore } from "../cases/case-store.ts";
import type { AnswerFault } from "../cases/engine.ts";
import { progressOf } from "../cases/progress.ts";
import type { ReceivedAnswer } from "../inbox/message.ts";
import type { InboxClient } from "../reach/inbox.ts";

export interface CorrespondenceOptions {
  /** Of its own; one process at a time holds it. */
  readonly directory: string;
  readonly inbox: Pick<InboxClient, "answers" | "putCase">;
  readonly store: Pick<CaseStore, "list" | "get">;
  /** Gives a person's answer to the case. Resolves when it survives any crash; with the reason where it changes nothing. */
  readonly take: (answer: ReceivedAnswer) => Promise<AnswerFault | undefined>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Pick<RecorderLog, "info">;
}

/** What goes between an agency's cases and people's inboxes: their answers in, how their cases stand out. A crash anywhere repeats, and loses nothing. */
export interface Correspondence {
  /** Takes the answers that came since; resolves with how many. Rejects while the inbox cannot be asked. */
  readonly fetchAnswers: () => Promise<number>;
  /** A case is not as it was shown any more. */
  readonly changed: (id: string) => void;
  /** Shows every case that changed as it is now. Rejects while the inbox takes nothing; the rest is shown by the next call. */
  readonly show: () => Promise<void>;
  /** How many cases are not shown as they are. */
  readonly waiting: () => number;
  readonly close: () => Promise<void>;
}

const ANSWERED_THROUGH = "answered-through";
const CASES_AT_ONCE = 100;

export async function openCorrespondence(options: CorrespondenceOptions): Promise<Correspondence> {
  const { directory, inbox, store, take, now, logger } = options;
  const db = new Level<string, string>(directory, { keyEncoding: "utf8", valueEncoding: "utf8" });
  await db.open();
  let answeredThrough = Number((await db.getMany([ANSWERED_THROUGH]))[0] ?? 0);
  const changed = new Set(await idsNotShown());
  let fetching: Promise<number> = Promise.resolve(0);

  /** What was shown last, of a few cases at a time: a process that died may have changed some and shown none. */
  async function idsNotShown(): Promise<string[]> {
    const ids: string[] = [];
    let before: string | undefined;
    for (;;) {
      const page = await store.list({ limit: CASES_AT_ONCE, ...(before !== undefined && { before }) });
      const shown = await db.getMany(page.map(({ id }) => shownKey(id)));
      ids.push(...page.filter((each, at) => shown[at] !== fingerprint(each)).map(({ id }) => id));
      before = page.at(-1)?.id;
      if (page.length < CASES_AT_ONCE || before === undefined) return ids;
    }
  }

  async function fetchNext(): Promise<number> {
    const answers = await inbox.answers(answeredThrough);
    for (const answer of answers) {
      const fault = await take(answer);
      if (fault !== undefined)
        logger.info({ case: answer.caseId, answer: answer.answer, fault }, "an answer changes nothing");
      // Dying before this line gives the same answer to the case again, which changes nothing.
      await db.put(ANSWERED_THROUGH, String(answer.number), { sync: true });
      answeredThrough = answer.number;
    }
    return answers.length;
  }

  return {
    fetchAnswers: async () => {
      const turn = fetching.catch(() => 0).then(fetchNext);
      fetching = turn;
      return await turn;
    },
    changed: (id) => void changed.add(id),
    show: async () => {
      for (const id of [...changed]) {
        // Before it is read: what changes while it is read is shown once more.
        changed.delete(id);
        try {
          const current = await store.get(id);
          if (current === undefined) continue;
          await inbox.putCase(id, progressOf(current, now()));
          await db.put(shownKey(id), fingerprint(current));
        } catch (error) {
          changed.add(id);
          throw error;
        }
      }
    },
    waiting: () => changed.size,
    close: async () => {
      await fetching.catch(() => 0);
      await db.close();
    },
  };
}

function shownKey(id: string): string {
  return `shown:${id}`;
}

/** What is shown of a case, whenever that is. */
function fingerprint(each: Case): string {
  return JSON.stringify(progressOf(each, 0));
}
