/**
 * The shapes of the OpenID AuthZEN Authorization API 1.0 (sections 5 to 7) as this decision point takes them: the subject is the agency that wants
 * to read, the resource is the person with the categories of their data, and the context names the procedure. Members that the
 * standard or this profile does not know are ignored, as the standard demands.
 */
import { fromUtf8, utf8 } from "../../protocol/bytes.ts";
import type { DecisionQuestion } from "../../protocol/decision.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { isAgencyCode } from "../../protocol/source.ts";
import { isCanonicalSubjectId, isSubjectScheme } from "../../protocol/subject.ts";
import { LedgerError } from "../errors.ts";

type Members = { readonly [name: string]: unknown };

export const SEMANTICS = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"] as const;
export type Semantic = (typeof SEMANTICS)[number];

/** A batch: the questions in their order, each still to be parsed so that one that is wrong spoils no other. */
export interface Batch {
  readonly items: readonly unknown[];
  readonly semantic: Semantic;
}

/** What fits into a signed decision, with all else that may stand in it. */
const MAX_CATEGORIES = 32;
const MAX_CATEGORIES_LENGTH = 1000;
const MAX_REASON_BYTES = 300;
const MAX_CONSENT_ID_LENGTH = 128;
/** A batch is answered in well under a second. */
const MAX_EVALUATIONS = 100;
const MAX_DEPTH = 8;

const ACTION = /^[a-z][a-z0-9_-]{0,63}$/;
const PROCEDURE = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
const CATEGORY = /^[A-Za-z][A-Za-z0-9_:.-]{0,63}$/;
/** Visible text, without a run of digits that is a person's number: as the facets that people read. */
const REASON = /^(?!.*(?<![0-9])[0-9]{12}(?![0-9]))[^\p{Cc}\u202A-\u202E\u2066-\u2069]+$/u;

const ENTITIES = ["subject", "action", "resource"] as const;

/** The JSON object in a body. @throws LedgerError `bad-question`; FormatError of the JSON. */
export function bodyObject(body: Uint8Array): Members {
  const value = parseStrictJson(fromUtf8(body), { maxDepth: MAX_DEPTH });
  if (!isJsonObject(value)) throw badQuestion("a JSON object with subject, action, resource and context");
  return value;
}

/** The question in an evaluation (section 6.1). @throws LedgerError `bad-question` */
export function parseQuestion(value: Members): DecisionQuestion {
  const [subject, action, resource] = [
    entity(value, "subject"),
    entity(value, "action"),
    entity(value, "resource"),
  ];
  const { context = {} } = value;
  if (!isJsonObject(context)) throw badQuestion("context as an object");
  const { procedure, provider, consent, automated = false, emergency } = context;
  if (subject["type"] !== "agency" || !isText(subject["id"]) || !isAgencyCode(subject["id"]))
    throw badQuestion('subject as {"type":"agency","id":"<code of the agency that wants to read>"}');
  if (!matches(action["name"], ACTION)) throw badQuestion('action as {"name":"read"}');
  if (!matches(procedure, PROCEDURE)) throw badQuestion("context.procedure, a code of the catalogue");
  if (provider !== undefined && (!isText(provider) || !isAgencyCode(provider)))
    throw badQuestion("context.provider, if any, as the code of an agency");
  if (consent !== undefined && (!isText(consent) || consent === "" || consent.length > MAX_CONSENT_ID_LENGTH))
    throw badQuestion("context.consent, if any, as the id of a consent");
  if (typeof automated !== "boolean")
    throw badQuestion("context.automated, if any, as true when a machine asks of its own accord");
  if (automated && emergency !== undefined)
    throw badQuestion(
      "context.emergency or context.automated, and not both: no machine declares an emergency",
    );
  return {
    agency: subject["id"],
    action: action["name"],
    subject: personOf(resource),
    procedure,
    personalData: categoriesOf(resource),
    ...(provider !== undefined && { provider }),
    ...(consent !== undefined && { consent }),
    ...(automated && { automated }),
    ...(emergency !== undefined && { emergency: emergencyOf(emergency) }),
  };
}

/** The batch in a request for evaluations (section 7.1), undefined when it is a single evaluation. @throws LedgerError `bad-question` */
export function parseBatch(value: Members): Batch | undefined {
  const { evaluations = [], options = {} } = value;
  if (!Array.isArray(evaluations) || evaluations.length > MAX_EVALUATIONS)
    throw badQuestion(`evaluations as a list of at most ${MAX_EVALUATIONS}`);
  if (!isJsonObject(options)) throw badQuestion("options as an object");
  const { evaluations_semantic: wanted = "execute_all" } = options;
  const semantic = SEMANTICS.find((each) => each === wanted);
  if (semantic === undefined) throw badQuestion(`options.evaluations_semantic among ${SEMANTICS.join(", ")}`);
  if (evaluations.length === 0) return undefined;
  return { items: evaluations.map((item: unknown) => withDefaults(item, value)), semantic };
}

/** What an item does not say, the batch says for it: whole members, and the names of an entity that the item completes (section 7.1.1). */
function withDefaults(item: unknown, defaults: Members): unknown {
  if (!isJsonObject(item)) return item;
  const merged: Record<string, unknown> = {};
  for (const name of [...ENTITIES, "context"]) {
    const value = item[name] ?? defaults[name];
    if (value !== undefined) merged[name] = value;
  }
  for (const name of ENTITIES) {
    const [own, common] = [item[name], defaults[name]];
    if (!isJsonObject(own) || !isJsonObject(common)) continue;
    const { type, id, name: called } = common;
    merged[name] = {
      ...(type !== undefined && { type }),
      ...(id !== undefined && { id }),
      ...(called !== undefined && { name: called }),
      ...own,
    };
  }
  return merged;
}

function entity(value: Members, name: (typeof ENTITIES)[number]): Members {
  const found = value[name];
  if (!isJsonObject(found)) throw badQuestion(`${name} as an object`);
  return found;
}

function personOf(resource: Members): DecisionQuestion["subject"] {
  const { type, id } = resource;
  const expected =
    'resource as {"type":"person","id":"<scheme>:<number>"}, the number in its canonical spelling';
  if (type !== "person" || !isText(id)) throw badQuestion(expected);
  const colon = id.indexOf(":");
  const [scheme, number] = [id.slice(0, Math.max(colon, 0)), id.slice(colon + 1)];
  if (!isSubjectScheme(scheme) || !isCanonicalSubjectId(scheme, number)) throw badQuestion(expected);
  return { scheme, id: number };
}

function categoriesOf({ properties }: Members): readonly string[] {
  const categories: unknown = isJsonObject(properties) ? properties["personalData"] : undefined;
  const isList =
    Array.isArray(categories) &&
    categories.length > 0 &&
    categories.length <= MAX_CATEGORIES &&
    categories.every((each) => matches(each, CATEGORY)) &&
    new Set(categories).size === categories.length &&
    categories.join().length <= MAX_CATEGORIES_LENGTH;
  if (!isList)
    throw badQuestion(
      `resource.properties.personalData as a list of 1 to ${MAX_CATEGORIES} different categories of the catalogue`,
    );
  return categories;
}

function emergencyOf(value: unknown): NonNullable<DecisionQuestion["emergency"]> {
  const reason = isJsonObject(value) ? value["reason"] : undefined;
  if (!matches(reason, REASON) || utf8(JSON.stringify(reason)).length > MAX_REASON_BYTES)
    throw badQuestion(
      `context.emergency, if any, as {"reason":"<why it cannot wait>"}, of at most ${MAX_REASON_BYTES} bytes and without anybody's number`,
    );
  return { reason };
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function badQuestion(expected: string): LedgerError {
  return new LedgerError("bad-question", `The question cannot be decided: send ${expected}.`);
}
