import type { PlainEvent } from "../../protocol/facet-values.ts";
import { personNumbered } from "../exchange/message.ts";
import { CROSSINGS, LEADS, type Notice, occasionId } from "./notice.ts";

/** Names what takes notices at each agency: `<agency>/notices`. */
const NOTICE_SERVICE = "notices";

/**
 * One side's record of a notice: an `action` that gives data to the lead agency (`C`), with the two sides of an exchange. So the person sees that one
 * agency told another, both sides are asked for their half, and the catalogue says whether the lead may have it from there. Without its time. Undefined
 * for a notice that nobody could be told of: of a procedure that one agency serves alone, or about a number of no known scheme.
 */
export function noticeHalf(notice: Notice, client: string): Omit<PlainEvent, "time"> | undefined {
  const { procedure, occasion } = notice;
  const subject = personNumbered(occasion.subject);
  const [crossing, lead] = [CROSSINGS[procedure], LEADS[procedure]];
  if (subject === undefined || crossing === undefined || lead === undefined) return undefined;
  const id = occasionId(notice);
  return {
    ...{ type: "action", subject, case: id, purpose: { procedure } },
    exchange: { messageId: `${id}/notice`, client, service: `${lead}/${NOTICE_SERVICE}`, issue: id },
    data: { action: "C", personalData: [...crossing.tells] },
    explanation: crossing.explanation,
  };
}
