import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";

const ROOT = path.resolve(import.meta.dirname, "../..");
const TEXT = readFileSync(path.join(ROOT, "docs/COMPLIANCE.md"), "utf8");
const OPENAPI = parse(readFileSync(path.join(ROOT, "server/openapi/openapi.yaml"), "utf8")) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

const [body = "", sources = ""] = TEXT.split("\n## Sources\n");

/** The rows of the tables that go through a law, by the names of their columns. */
function obligations(text: string): readonly Readonly<Record<string, string>>[] {
  const rows: Record<string, string>[] = [];
  let columns: readonly string[] | undefined;
  for (const line of text.split("\n")) {
    const cells = line.startsWith("|") ? cellsOf(line) : undefined;
    if (cells === undefined) columns = undefined;
    else if (columns === undefined) columns = cells;
    else if (columns[0] === "article" && !cells.every((cell) => /^-+$/.test(cell))) {
      const names = columns;
      rows.push(Object.fromEntries(cells.map((cell, at) => [names[at] ?? "", cell])));
    }
  }
  return rows;
}

function cellsOf(line: string): readonly string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** What is wrong with a file of this kind. */
function faultsIn(text: string): readonly string[] {
  const [before = "", after = ""] = text.split("\n## Sources\n");
  const files = [...before.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file ?? "");
  const routes = [...before.matchAll(/`(GET|POST) ([^`]+)`/g)];
  const cited = new Set([...before.matchAll(/\[([A-Z]\d+)\](?!\()/g)].map(([, name]) => name ?? ""));
  const given = new Set([...after.matchAll(/^- \[([A-Z]\d+)\] /gm)].map(([, name]) => name ?? ""));
  return [
    ...files.filter((file) => !existsSync(path.join(ROOT, file))).map((file) => `no file ${file}`),
    ...routes
      .filter(([, method = "", route = ""]) => OPENAPI.paths[route]?.[method.toLowerCase()] === undefined)
      .map(([route]) => `no route ${route}`),
    ...[...cited].filter((name) => !given.has(name)).map((name) => `no source ${name}`),
    ...[...given].filter((name) => !cited.has(name)).map((name) => `nobody cites ${name}`),
    ...obligations(before)
      .filter(
        ({ tests = "", "not met": missing = "" }) =>
          !/`test\//.test(tests) && !missing.includes("**not met**"),
      )
      .map(({ article = "" }) => `neither a test nor an admission for ${article}`),
    ...obligations(before)
      .filter((row) => "read" in row && !/text|summary|unverified/.test(row["read"] ?? ""))
      .map(({ article = "" }) => `nobody says how ${article} was read`),
  ];
}

describe("docs/COMPLIANCE.md", () => {
  it("names tests, routes and sources that exist, and for each article a test or that it is not met", () => {
    expect(faultsIn(TEXT)).to.deep.equal([]);
  });

  it("goes through the articles that the system is about", () => {
    const articles = obligations(body).map(({ article }) => article);
    expect(articles).to.include.members(["4.1a", "9", "10", "14", "19", "23", "24", "33", "5", "194: 16"]);
    expect(sources).to.include("[V1]");
  });

  for (const [name, before, after, fault] of [
    [
      "a test that is gone",
      "`test/system/erasure.test.ts`",
      "`test/system/gone.test.ts`",
      "no file test/system/gone.test.ts",
    ],
    ["a route that is gone", "`POST /v1/seals`", "`POST /v1/seal`", "no route `POST /v1/seal`"],
    ["a source that is not given", "| summary [V6] |", "| summary [V66] |", "no source V66"],
    [
      "an obligation that nothing meets",
      "**not met**: no assessment in the authority's form",
      "none",
      "neither a test nor an admission for 21, 22",
    ],
    [
      "an article of which nobody says how it was read",
      "| unverified | the log itself",
      "| | the log itself",
      "nobody says how 37, 38 was read",
    ],
  ] as const) {
    it(`would not pass with ${name}`, () => {
      expect(TEXT).to.include(before);
      expect(faultsIn(TEXT.replaceAll(before, after))).to.include(fault);
    });
  }
});
