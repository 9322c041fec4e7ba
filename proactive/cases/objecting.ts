import type { PlainEvent } from "../../protocol/facet-values.ts";
import { isSamePerson } from "../../protocol/subject.ts";
import type { PersonNumber } from "../exchange/message.ts";
import type { Case } from "./case.ts";
import type { RecordingParts } from "./deciding.ts";

/**
 * Records that the person objects to machines in this procedure, as they answered: then no agency's machine serves them unasked any more, until they
 * take it back at the ledger's desk. The same again is recorded once.
 * @param by who said so; the person themselves when undefined
 */
export async function recordObjection(
  { id, procedure, occasion }: Case,
  by: PersonNumber | undefined,
  { recorder, personOf, now }: RecordingParts,
): Promise<void> {
  const subject = personOf(occasion.subject);
  // Nobody whose list it could stand in.
  if (subject === undefined) return;
  const speaker = by === undefined || isSamePerson(by, subject) ? undefined : by;
  const people: Pick<PlainEvent, "subject" | "subject.2"> =
    speaker === undefined
      ? { subject }
      : {
          subject: { ...subject, role: "represented" },
          "subject.2": { ...speaker, role: "representative" },
        };
  await recorder.record(
    {
      ...{ type: "objection", ...people, case: id },
      objection: {
        ...{ state: "made", procedure, method: "answer in the inbox" },
        indicatedBy: speaker === undefined ? "DataSubject" : "Guardian",
      },
      time: { occurred: new Date(now()).toISOString() },
    },
    { idempotencyKey: `${id} objection` },
  );
}
