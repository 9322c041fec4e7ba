/** Writes the tables of docs/SPEC.md that follow from the code, or with `--check` only says whether they are up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { EVENT_TYPES, FACETS_OF_TYPE, type FacetName, SUBJECT_FACETS } from "../protocol/facets.ts";
import { SUBJECT_ID_PATTERNS } from "../protocol/subject.ts";
import { ROLES, visibleFacets } from "../protocol/visibility.ts";
import { isMain } from "./is-main.ts";

const SPEC = new URL("../docs/SPEC.md", import.meta.url);

/** The specification's text with its generated tables renewed. */
export function renewTables(spec: string): string {
  return Object.entries({
    facets: facetTable(),
    visibility: visibilityTable(),
    schemes: schemeTable(),
  }).reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`(<!-- ${name}:begin[^>]*-->\n)[\\s\\S]*?(<!-- ${name}:end -->)`),
        (_, begin: string, end: string) => `${begin}${table}\n${end}`,
      ),
    spec,
  );
}

function facetTable(): string {
  const rows = EVENT_TYPES.map((type) => {
    const { required, optional } = FACETS_OF_TYPE[type];
    return `| \`${type}\` | ${names(required)} | ${names(optional)} |`;
  });
  return ["| type | required | optional |", "|---|---|---|", ...rows].join("\n");
}

function visibilityTable(): string {
  const rows = EVENT_TYPES.flatMap((type) =>
    ROLES.map((role) => ({ type, role, facets: [...visibleFacets(role, type)] }))
      .filter(({ facets }) => facets.length > 0)
      .map(
        ({ role, facets }) =>
          `| \`${type}\` | ${role} | ${facets.map((facet) => `\`${facet}\``).join(", ")} |`,
      ),
  );
  return [
    "| type | role | may see |",
    "|---|---|---|",
    ...rows,
    "",
    "A role that is not listed for a type sees nothing of its events but the public payload.",
  ].join("\n");
}

function schemeTable(): string {
  const rows = Object.entries(SUBJECT_ID_PATTERNS).map(
    ([scheme, pattern]) => `| \`${scheme}\` | \`${pattern.replaceAll("|", "\\|")}\` |`,
  );
  return ["| scheme | id |", "|---|---|", ...rows].join("\n");
}

/** Facet names as a list, with the numbered subjects in one entry. */
function names(facets: readonly FacetName[]): string {
  const numbered = SUBJECT_FACETS.filter((name) => facets.includes(name));
  const first = numbered[0];
  const last = numbered.at(-1);
  const subjects =
    first === undefined ? [] : [first === last ? `\`${first}\`` : `\`${first}\` .. \`${String(last)}\``];
  const others = facets
    .filter((name) => !SUBJECT_FACETS.some((subject) => subject === name))
    .map((name) => `\`${name}\``);
  return [...others.slice(0, 1), ...subjects, ...others.slice(1)].join(", ") || "none";
}

if (isMain(import.meta)) {
  const spec = readFileSync(SPEC, "utf8");
  const renewed = renewTables(spec);
  if (process.argv.includes("--check")) {
    if (renewed !== spec) {
      console.error(
        "The tables of docs/SPEC.md are not those of the code; run: node scripts/run.mjs exec scripts/spec-tables.ts",
      );
      process.exitCode = 1;
    }
  } else {
    writeFileSync(SPEC, renewed);
  }
}
