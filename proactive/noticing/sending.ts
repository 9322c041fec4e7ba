import type { Subject } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import { headersOf, personNumbered } from "../exchange/message.ts";
import { memberOf } from "../registers/facts.ts";
import type { Register } from "../registers/register.ts";
import { noticeHalf } from "./half.ts";
import { LEADS, type Notice } from "./notice.ts";

export interface NoticeClientOptions {
  /** The register in which the occasions are seen. */
  readonly register: Pick<Register, "configuration" | "read">;
  /** Of the agency that keeps it. */
  readonly recorder: Pick<Recorder, "record">;
  /** Base URL of each agency, by its code. */
  readonly urls: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly timeoutMs?: number;
}

/** A lead agency did not take a notice. Its text says nothing of the person. */
export class NoticeError extends Error {
  override readonly name = "NoticeError";
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Tells lead agencies over HTTP what was noticed, for an outbox. It is recorded before it leaves; the same notice again is recorded once, and taken once. */
export function noticeClient({
  register,
  recorder,
  urls,
  now,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: NoticeClientOptions): (notice: Notice) => Promise<void> {
  const { agency, code } = register.configuration;
  const client = `${agency}/${code}`;

  /** A newborn has no page of its own: the mother sees it on hers. */
  function motherOf(subject: string): { readonly "subject.2"?: Subject } {
    const mother = memberOf(register.read(subject, ["pd:Parent"])?.["pd:Parent"], "mother");
    const person = typeof mother === "string" ? personNumbered(mother) : undefined;
    return person === undefined || person.id === subject
      ? {}
      : { "subject.2": { ...person, role: "parent" } };
  }

  return async (notice) => {
    const half = noticeHalf(notice, client);
    const lead = LEADS[notice.procedure] ?? "";
    const url = urls[lead];
    if (half?.exchange === undefined || url === undefined)
      throw new NoticeError(`no address is known for notices of ${notice.procedure}`);
    const { messageId } = half.exchange;
    const isNewborn = half.subject?.scheme === "vn-newborn";
    await recorder.record(
      {
        ...{ ...half, ...(isNewborn && motherOf(notice.occasion.subject)) },
        time: { occurred: new Date(now()).toISOString() },
      },
      { idempotencyKey: messageId },
    );
    const { procedure } = notice;
    const response = await fetch(`${url}/notices`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headersOf({ client, messageId, procedure }) },
      body: JSON.stringify(notice),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new NoticeError(`${lead} answers ${response.status} to a notice of ${procedure}`);
  };
}
