import { addDays, addYears, ageOn, type Day } from "./calendar.ts";
import type { People, Person } from "./people.ts";
import type { Random } from "./random.ts";

/** What somebody holds that ends on a day: a licence, a card, a certificate. */
export interface Document {
  readonly kind: DocumentKind;
  readonly number: string;
  readonly holder: string;
  readonly issued: Day;
  readonly expires: Day;
  /** What it is for: a class of vehicles, a field of practice. */
  readonly scope: string;
}

export const DOCUMENT_KINDS = [
  "driving-licence",
  "passport",
  "identity-card",
  "medical-practice",
  "tour-guide",
  "veterinary",
  "transport-badge",
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

interface Issuing {
  readonly prefix: string;
  /** Years that it lasts. */
  readonly years: number;
  readonly youngest: number;
  readonly oldest: number;
  /** Of a thousand persons of that age. */
  readonly holders: number;
  readonly scopes: readonly string[];
}

const ISSUING: Readonly<Record<Exclude<DocumentKind, "identity-card">, Issuing>> = {
  "driving-licence": {
    ...{ prefix: "GPLX", years: 10, youngest: 18, oldest: 70, holders: 450 },
    scopes: ["B", "B", "B", "C1", "C"],
  },
  passport: { prefix: "HC", years: 10, youngest: 14, oldest: 80, holders: 180, scopes: ["ordinary"] },
  "medical-practice": {
    ...{ prefix: "GPHN", years: 5, youngest: 25, oldest: 65, holders: 12 },
    scopes: ["physician", "nurse", "midwife", "pharmacist"],
  },
  "tour-guide": {
    prefix: "HDV",
    years: 5,
    youngest: 20,
    oldest: 60,
    holders: 10,
    scopes: ["domestic", "international"],
  },
  veterinary: {
    prefix: "CCTY",
    years: 5,
    youngest: 22,
    oldest: 65,
    holders: 6,
    scopes: ["treatment", "trade"],
  },
  "transport-badge": {
    prefix: "PH",
    years: 7,
    youngest: 21,
    oldest: 60,
    holders: 15,
    scopes: ["taxi", "bus", "lorry"],
  },
};

/** Ages at which an identity card has to be issued anew (Law 26/2023/QH15, Article 21); the last one is for life. */
const IDENTITY_CARD_AGES = [14, 25, 40, 60];

/** The documents that are in force on `asOf`. Of each kind at least one ends within so many days, however few the people are. */
export function documents(
  random: Random,
  { persons }: People,
  { asOf, days }: { asOf: Day; days: number },
): Document[] {
  const all = heldDocuments(random, persons, asOf);
  const soon = addDays(asOf, days);
  const ending = new Set(all.filter(({ expires }) => expires < soon).map(({ kind }) => kind));
  for (const [kind, issuing] of Object.entries(ISSUING)) {
    if (!isDocumentKind(kind) || ending.has(kind)) continue;
    const holder = random.pick(
      persons.filter(({ born }) => {
        const age = ageOn(asOf, born);
        return age >= Math.max(issuing.youngest + issuing.years, 26) && age <= issuing.oldest;
      }),
    );
    const others = all.filter((each) => each.kind !== kind || each.holder !== holder.id);
    const expires = addDays(asOf, random.integer(1, days - 1));
    all.splice(0, all.length, ...others, document(random, kind, issuing, holder, expires));
  }
  return all;
}

function heldDocuments(random: Random, persons: readonly Person[], asOf: Day): Document[] {
  return persons.flatMap((person) => {
    const card = identityCard(person, asOf);
    const held = Object.entries(ISSUING).flatMap(([kind, issuing]) => {
      if (!isDocumentKind(kind)) return [];
      const document = issued(random, kind, issuing, person, asOf);
      return document === undefined ? [] : [document];
    });
    return card === undefined ? held : [card, ...held];
  });
}

function issued(
  random: Random,
  kind: DocumentKind,
  issuing: Issuing,
  person: Person,
  asOf: Day,
): Document | undefined {
  const { years, youngest, oldest, holders } = issuing;
  const age = ageOn(asOf, person.born);
  if (age < youngest || age > oldest || !random.perMille(holders)) return undefined;
  const longest = Math.min(years, age - youngest + 1);
  return document(random, kind, issuing, person, addDays(asOf, random.integer(1, longest * 365)));
}

function document(
  random: Random,
  kind: DocumentKind,
  { prefix, years, scopes }: Issuing,
  { id }: Person,
  expires: Day,
): Document {
  return {
    kind,
    number: `${prefix}-${id.slice(-6)}`,
    holder: id,
    issued: addYears(expires, -years),
    expires,
    scope: random.pick(scopes),
  };
}

function identityCard({ id, born }: Person, asOf: Day): Document | undefined {
  const age = ageOn(asOf, born);
  const next = IDENTITY_CARD_AGES.findIndex((limit) => limit > age);
  const [from, to] = [IDENTITY_CARD_AGES[next - 1], IDENTITY_CARD_AGES[next]];
  if (from === undefined || to === undefined) return undefined;
  return {
    kind: "identity-card",
    number: id,
    holder: id,
    issued: addDays(addYears(born, from), 30),
    expires: addYears(born, to),
    scope: "citizen",
  };
}

/** The same document as it is issued anew on a day: it lasts as long as its kind does, from its old end on where that is later. @throws RangeError for an identity card, which is made anew with its holder present */
export function renewed(document: Document, on: Day): Document {
  const { kind, expires } = document;
  if (kind === "identity-card") throw new RangeError("an identity card is made anew with its holder present");
  return { ...document, issued: on, expires: addYears(on > expires ? on : expires, ISSUING[kind].years) };
}

/** The document that a register holds as a fact; undefined when it is none. */
export function documentIn(fact: unknown): Document | undefined {
  if (typeof fact !== "object" || fact === null) return undefined;
  const { kind, number, holder, issued, expires, scope }: Readonly<Record<string, unknown>> = { ...fact };
  if (!isText(kind) || !isDocumentKind(kind) || !isText(number) || !isText(holder)) return undefined;
  if (!isText(issued) || !isText(expires) || !isText(scope)) return undefined;
  return { kind, number, holder, issued, expires, scope };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isDocumentKind(text: string): text is DocumentKind {
  return DOCUMENT_KINDS.some((kind) => kind === text);
}
