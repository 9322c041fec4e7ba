import { fromUtf8 } from "../../protocol/bytes.ts";
import { requireIndexId } from "../../protocol/index-keys.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { momentMs } from "../../protocol/moment.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId } from "../identity/caller.ts";

/** The members of a request's body, read one after the other; `end` refuses what nobody read. */
export interface BodyReader {
  /** A text of 1 to `max` characters; undefined when the member is missing. */
  readonly text: (name: string, max: number) => string | undefined;
  readonly requiredText: (name: string, max: number) => string;
  /** A list of 1 to `most` different texts. */
  readonly texts: (name: string, limits: { readonly most: number; readonly max: number }) => string[];
  readonly oneOf: <const T extends string>(name: string, values: readonly T[]) => T | undefined;
  readonly person: (name: string) => PersonId | undefined;
  /** An RFC 3339 time that a calendar has. */
  readonly moment: (name: string) => string | undefined;
  readonly value: (name: string) => unknown;
  readonly end: () => void;
}

const MAX_DEPTH = 4;
const RFC3339 =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

/** Reads a body that is a JSON object, or empty when that says the same. @throws LedgerError `bad-request`; FormatError of strict JSON. */
export function bodyReader(body: Uint8Array, { mayBeEmpty = false } = {}): BodyReader {
  const value =
    body.length === 0 && mayBeEmpty ? {} : parseStrictJson(fromUtf8(body), { maxDepth: MAX_DEPTH });
  if (!isJsonObject(value)) throw bad("Send a JSON object.");
  const members = value;
  const read = new Set<string>();
  const member = (name: string): unknown => {
    read.add(name);
    return Object.hasOwn(members, name) ? members[name] : undefined;
  };

  function text(name: string, max: number): string | undefined {
    const found = member(name);
    if (found === undefined) return undefined;
    if (typeof found === "string" && found.trim() !== "" && found.length <= max) return found;
    throw bad(`${name} is a text of 1 to ${max} characters.`);
  }

  function requiredText(name: string, max: number): string {
    return text(name, max) ?? missing(name);
  }

  function texts(name: string, { most, max }: { readonly most: number; readonly max: number }): string[] {
    const found = member(name);
    const isList = Array.isArray(found) && found.length >= 1 && found.length <= most;
    const list = isList
      ? found.filter((each) => typeof each === "string" && each !== "" && each.length <= max)
      : [];
    if (isList && list.length === found.length && new Set(list).size === list.length) return list as string[];
    throw bad(`${name} is a list of 1 to ${most} different texts of at most ${max} characters.`);
  }

  function oneOf<const T extends string>(name: string, values: readonly T[]): T | undefined {
    const found = member(name);
    if (found === undefined) return undefined;
    const [known] = values.filter((each) => each === found);
    return known ?? refuse(`${name} is one of ${values.join(", ")}.`);
  }

  function person(name: string): PersonId | undefined {
    const found = member(name);
    if (found === undefined) return undefined;
    return personOf(name, found);
  }

  function moment(name: string): string | undefined {
    const found = text(name, 64);
    if (found === undefined || (RFC3339.test(found) && !Number.isNaN(momentMs(found)))) return found;
    throw bad(`${name} is a time such as 2027-11-22T00:00:00+07:00.`);
  }

  function end(): void {
    const unread = Object.keys(members).filter((name) => !read.has(name));
    if (unread.length > 0) throw bad(`The members here are ${[...read].join(", ")}, and no others.`);
  }

  return { text, requiredText, texts, oneOf, person, moment, value: member, end };
}

/** The person in a member that is there. @throws LedgerError `bad-request`; FormatError of a number that is none. */
export function personOf(name: string, value: unknown): PersonId {
  const { scheme, id, ...unknown } = isJsonObject(value) ? value : {};
  if (typeof scheme !== "string" || typeof id !== "string" || Object.keys(unknown).length > 0)
    throw bad(`${name} is an object with scheme and id.`);
  requireIndexId("person", `${scheme}:${id}`);
  return { scheme, id };
}

/** The log indexes in the member `events`: 1 to `most`, each once. @throws LedgerError `bad-request` */
export function logIndexesOf(events: unknown, most: number): number[] {
  const isList = Array.isArray(events) && events.length >= 1 && events.length <= most;
  const indexes = isList ? events.filter((each) => Number.isSafeInteger(each) && Number(each) >= 0) : [];
  if (!isList || indexes.length !== events.length || new Set(indexes).size !== indexes.length)
    throw bad(`events is a list of 1 to ${most} log indexes, each once.`);
  return indexes.map(Number);
}

function missing(name: string): never {
  return refuse(`${name} is missing.`);
}

function refuse(message: string): never {
  throw bad(message);
}

/** What every request of this folder that says something wrong is refused with. It repeats no value. */
export function bad(message: string): LedgerError {
  return new LedgerError("bad-request", message);
}
