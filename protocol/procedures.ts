/**
 * The catalogue of procedures as rules read it: which agencies may receive which categories from whom, in which procedure, by law or with
 * consent. The file's form is checked by its schema when the ledger loads it; this parser takes what the rules need and trusts nobody's cast.
 */
import { sha256 } from "#sha256";
import { fromUtf8, toBase64url } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { isAgencyCode } from "./source.ts";

/** A name or a text in both languages. */
export interface Bilingual {
  readonly vi: string;
  readonly en: string;
}

/** Where the law allows a procedure; `article` is missing where only the law is known. */
export interface CatalogueBasis {
  readonly law: string;
  readonly article?: string;
}

/** One release of data in a procedure. */
export interface Release {
  /** Type of the agency that releases. */
  readonly provider: string;
  /** Types of the agencies that receive. */
  readonly receivers: readonly string[];
  readonly personalData: readonly string[];
  readonly consentNeeded: boolean;
}

export interface Procedure {
  readonly code: string;
  readonly name: Bilingual;
  /** In plain words, for the person whose data is read. */
  readonly purpose: Bilingual;
  /** How the administration acts of its own accord, such as `auto-register` or `expiry-notify`. */
  readonly kinds: readonly string[];
  /** Types of the agencies that carry it out. */
  readonly leadAgencies: readonly string[];
  readonly releases: readonly Release[];
  /** In the catalogue's order: the procedure's own law first. */
  readonly legalBasis: readonly CatalogueBasis[];
  /** What a machine does without an official. */
  readonly automation: "notice" | "preparation" | "decision";
  readonly retention: Bilingual;
  readonly appeal: Bilingual;
}

/** A version of the catalogue, to decide and to judge by. */
export interface Catalogue {
  readonly version: string;
  /** base64url of the SHA-256 of the published file. */
  readonly digest: string;
  /** Agency code -> the types it is of. An agency that is not here may read nothing. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** Types of agencies. */
  readonly agencies: ReadonlySet<string>;
  /** Categories of personal data. */
  readonly categories: ReadonlySet<string>;
  /** By their codes. */
  readonly procedures: ReadonlyMap<string, Procedure>;
}

/** What procedures of the ledger itself begin with: they are the desk's own, are in no catalogue, and nobody is given a decision for them. */
export const RESERVED_PROCEDURE_PREFIX = "minhbach:";

const TYPE = "minhbach/catalogue";
const FORMAT = 1;
const MAX_DEPTH = 16;

/**
 * Parses the published file of a version. One from before agencies were named has no members: by it, nobody may read anything. Throws FormatError
 * `catalogue` or one of the encodings'.
 */
export function parseCatalogue(file: Uint8Array): Catalogue {
  const value = object(parseStrictJson(fromUtf8(file), { maxDepth: MAX_DEPTH }));
  const { type, format, version, members = {}, agencies, categories, procedures } = value;
  if (type !== TYPE || format !== FORMAT) throw badCatalogue(`"type":"${TYPE}","format":${FORMAT}`);
  const types = new Set(Object.keys(object(agencies)));
  const known = { agencies: types, categories: new Set(Object.keys(object(categories))) };
  const parsed = list(procedures).map((each) => parseProcedure(each, known));
  const byCode = new Map(parsed.map((procedure) => [procedure.code, procedure]));
  if (byCode.size !== parsed.length) throw badCatalogue("each code once");
  return {
    ...{ version: text(version), digest: toBase64url(sha256(file)), ...known },
    members: parseMembers(object(members), types),
    procedures: byCode,
  };
}

function parseMembers(
  members: { readonly [code: string]: unknown },
  types: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(members).map(([code, of]) => {
      if (!isAgencyCode(code)) throw badCatalogue("members by the codes of agencies");
      return [code, among(types, of)] as const;
    }),
  );
}

interface Known {
  readonly agencies: ReadonlySet<string>;
  readonly categories: ReadonlySet<string>;
}

function parseProcedure(value: unknown, known: Known): Procedure {
  const { code, name, purpose, kind, leadAgencies, providers, legalBasis, automation, retention, appeal } =
    object(value);
  if (automation !== "notice" && automation !== "preparation" && automation !== "decision")
    throw badCatalogue("automation as notice, preparation or decision");
  const leads = among(known.agencies, leadAgencies);
  return {
    code: text(code),
    name: bilingual(name),
    purpose: bilingual(purpose),
    kinds: list(kind).map(text),
    leadAgencies: leads,
    releases: list(providers).map((each) => parseRelease(each, leads, known)),
    legalBasis: list(legalBasis).map(parseBasis),
    automation,
    retention: bilingual(retention),
    appeal: bilingual(appeal),
  };
}

function parseRelease(value: unknown, leads: readonly string[], known: Known): Release {
  const { agency, to, personalData, consentNeeded } = object(value);
  if (typeof consentNeeded !== "boolean") throw badCatalogue("consentNeeded as true or false");
  const [provider = ""] = among(known.agencies, [agency]);
  return {
    provider,
    receivers: to === undefined ? leads : among(known.agencies, to),
    personalData: among(known.categories, personalData),
    consentNeeded,
  };
}

function parseBasis(value: unknown): CatalogueBasis {
  const { law, article } = object(value);
  return { law: text(law), ...(article !== undefined && { article: text(article) }) };
}

function bilingual(value: unknown): Bilingual {
  const { vi, en } = object(value);
  return { vi: text(vi), en: text(en) };
}

/** A list with something in it, all of it among what the catalogue explains. */
function among(known: ReadonlySet<string>, value: unknown): readonly string[] {
  const names = list(value).map(text);
  if (names.length === 0 || !names.every((name) => known.has(name)))
    throw badCatalogue("agencies and categories that it explains");
  return names;
}

function object(value: unknown): { readonly [member: string]: unknown } {
  if (!isJsonObject(value)) throw badCatalogue("objects where its schema has them");
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw badCatalogue("lists where its schema has them");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "") throw badCatalogue("texts where its schema has them");
  return value;
}

function badCatalogue(expected: string): FormatError {
  return new FormatError("catalogue", `not a published catalogue of this version: expected ${expected}`);
}
