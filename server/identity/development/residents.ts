import { readFileSync } from "node:fs";
import { isJsonObject } from "../../../protocol/json.ts";
import { isCanonicalSubjectId } from "../../../protocol/subject.ts";
import { type DemoPerson, roleClaims } from "./people.ts";

/** The people of a made-up population, who sign on as citizens. */
export interface Residents {
  /** The first of them, as many as a page shows. */
  readonly shown: readonly DemoPerson[];
  readonly find: (id: string) => DemoPerson | undefined;
}

/** The file of residents cannot be used; the message says why, and shows nothing of it. */
export class ResidentsError extends Error {
  override readonly name = "ResidentsError";
}

/** More would be no page to pick from; everybody else is named by `login_hint`. */
const SHOWN = 20;
/** A name for URLs, where no number of a person may stand. */
const ID = /^[a-z][a-z0-9-]{0,63}$/;

/**
 * The people in a JSON file: a list of `{"id", "number", "name"}`, `id` being what programs name them by (a slug, no number of theirs) and `number` their
 * citizen's number. None where there is no such file.
 * @throws ResidentsError
 */
export function readResidents(file: string): Residents {
  const people = new Map(parsed(file).map((each) => [each.id, each]));
  return { shown: [...people.values()].slice(0, SHOWN), find: (id) => people.get(id) };
}

function parsed(file: string): readonly DemoPerson[] {
  const text = textOf(file);
  if (text === undefined) return [];
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list.map(personIn);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new ResidentsError(`${file} is no JSON list of people`);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function personIn(value: unknown, at: number): DemoPerson {
  const { id, number, name }: { id?: unknown; number?: unknown; name?: unknown } = isJsonObject(value)
    ? value
    : {};
  const isNumber = typeof number === "string" && isCanonicalSubjectId("vn-cccd", number);
  if (typeof id !== "string" || !ID.test(id) || !isNumber || typeof name !== "string")
    throw new ResidentsError(`person ${at + 1} of the file needs an id (a slug), a number and a name`);
  return {
    id,
    label: `${name} · citizen`,
    claims: { ...roleClaims("citizen"), person_number: number, person_scheme: "vn-cccd" },
  };
}
