/**
 * A person's objection to machines acting in a procedure of their own accord. Per person and procedure there is one answer, objected or not, and it
 * follows from the acts in log order by where each stands and who recorded it: contents are not needed, so erasing an act changes nothing of it.
 */
import { openFacets, type ParsedEvent } from "./event.ts";
import type { Facets, Objection, Subject } from "./facet-values.ts";
import { isJsonObject } from "./json.ts";
import type { Source } from "./source.ts";
import { isCanonicalSubjectId, isSubjectScheme } from "./subject.ts";

export type ObjectionState = Objection["state"];

/** What of an act decides. */
export interface ObjectionPlace {
  /** Log index. */
  readonly index: number;
  readonly state: ObjectionState;
  readonly source: Source;
}

/** An act as the log holds it. */
export interface ObjectionAct extends ObjectionPlace {
  /** Whose objection it is: the event's `subject`. */
  readonly person: Pick<Subject, "scheme" | "id">;
  readonly objection: Objection;
  /** When, as the recording side claims it: RFC 3339. */
  readonly occurred: string;
}

export interface ObjectionRules {
  /** The source through which people's own acts are recorded: `<operator>/desk`. */
  readonly desk: Source;
}

/**
 * Whether an act counts. An objection does whoever recorded it: a person says no at whichever counter they stand at. Only the desk, where they are
 * signed on, records that they take it back.
 */
export function objectionCounts(
  { state, source }: Pick<ObjectionPlace, "state" | "source">,
  { desk }: ObjectionRules,
): boolean {
  return state === "made" || source === desk;
}

/** Whether acts of one person about one procedure, in log order, leave the person objecting. */
export function isObjecting(acts: readonly ObjectionPlace[], rules: ObjectionRules): boolean {
  return acts.findLast((act) => objectionCounts(act, rules))?.state === "made";
}

/** The objection act in an event, or undefined when it is none. */
export function objectionActIn(event: ParsedEvent, index: number): ObjectionAct | undefined {
  const { type, objection, subject, time } = openFacets(event);
  const person = personIn(subject);
  if (type !== "objection" || !isObjection(objection) || person === undefined) return undefined;
  const occurred = isJsonObject(time) && typeof time["occurred"] === "string" ? time["occurred"] : "";
  return {
    ...{ index, state: objection.state, source: event.payload.src },
    ...{ person, objection, occurred },
  };
}

/** What stands for a person and a procedure, as text: the numbers of no scheme hold a space. */
export function objectionName(
  { scheme, id }: { readonly scheme: string; readonly id: string },
  procedure: string,
): string {
  return `${scheme}:${id} ${procedure}`;
}

/** What an event's facets say about objecting, for its tags; undefined when nothing. They must have passed their schema. */
export function objectionIn({
  type,
  subject,
  objection,
}: Facets): { readonly state: ObjectionState; readonly name: string } | undefined {
  if (type !== "objection" || subject === undefined || objection === undefined) return undefined;
  return { state: objection.state, name: objectionName(subject, objection.procedure) };
}

function personIn(value: unknown): Pick<Subject, "scheme" | "id"> | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scheme, id } = value;
  if (!isSubjectScheme(scheme) || typeof id !== "string" || !isCanonicalSubjectId(scheme, id))
    return undefined;
  return { scheme, id };
}

/** What the log took has passed its schema; this only tells an objection from nothing. */
function isObjection(value: unknown): value is Objection {
  return (
    isJsonObject(value) &&
    (value["state"] === "made" || value["state"] === "withdrawn") &&
    typeof value["procedure"] === "string"
  );
}
