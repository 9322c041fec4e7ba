import { expect } from "chai";

import { PlantedCheckout } from "./planted.ts";

/** What the tests read of dependency-cruiser's JSON. */
interface CruiseResult {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
  };
}

/** For each import that a rule forbids, the file that tries it. */
const FORBIDDEN: readonly { rule: string; file: string; text: string }[] = [
  { rule: "protocol-imports-only-noble", file: "protocol/a.ts", text: 'import "node:fs";' },
  { rule: "protocol-imports-only-noble", file: "protocol/b.ts", text: 'import "ethers";' },
  { rule: "protocol-imports-only-noble", file: "protocol/c.ts", text: 'import "../verifier/evidence.ts";' },
  { rule: "protocol-node-imports-only-crypto", file: "protocol/d.node.ts", text: 'import "node:fs";' },
  { rule: "protocol-node-only-by-condition", file: "protocol/e.ts", text: 'import "./sha256.node.ts";' },
  { rule: "verifier-imports-only-protocol", file: "verifier/a.ts", text: 'import "ethers";' },
  { rule: "verifier-imports-only-protocol", file: "verifier/b.ts", text: 'import "node:fs";' },
  {
    rule: "verifier-imports-only-protocol",
    file: "verifier/c.ts",
    text: 'import type {} from "../server/errors.ts";',
  },
  {
    rule: "keys-import-only-protocol",
    file: "keys/a.ts",
    text: 'import type {} from "../server/errors.ts";',
  },
  {
    rule: "recorder-imports-no-server",
    file: "recorder/a.ts",
    text: 'import type {} from "../server/errors.ts";',
  },
  {
    rule: "stage-imports-no-values-of-others",
    file: "server/prove/a.ts",
    text: 'import "../store/store.ts";',
  },
  { rule: "stage-imports-no-values-of-others", file: "server/prove/b.ts", text: 'import "../config.ts";' },
  {
    rule: "stage-imports-no-values-of-others",
    file: "server/prove/c.ts",
    text: 'import "../../verifier/evidence.ts";',
  },
  { rule: "only-app-composes", file: "server/http.ts", text: 'import "./store/store.ts";' },
  { rule: "only-app-has-parts", file: "server/main2.ts", text: 'import "./app/records.ts";' },
  { rule: "nobody-imports-an-entry-point", file: "test/a.ts", text: 'import "../server/main.ts";' },
  { rule: "cli-imports-protocol-verifier-recorder", file: "cli/a.ts", text: 'import "../server/errors.ts";' },
  {
    rule: "portal-imports-protocol-and-verifier",
    file: "portal/a.ts",
    text: 'import "../recorder/spool.ts";',
  },
  {
    rule: "audit-imports-no-writing-code",
    file: "scripts/audit/a.ts",
    text: 'import "../../server/app.ts";',
  },
  {
    rule: "audit-imports-no-writing-code",
    file: "scripts/audit/b.ts",
    text: 'import type {} from "../../server/prove/evidence.ts";',
  },
  { rule: "proactive-imports-no-server", file: "proactive/a.ts", text: 'import "../server/errors.ts";' },
  {
    rule: "server-imports-no-recorder",
    file: "server/receive/a.ts",
    text: 'import type {} from "../../recorder/spool.ts";',
  },
  {
    rule: "product-imports-no-tests-or-scripts",
    file: "recorder/b.ts",
    text: 'import "../scripts/deploy.ts";',
  },
  { rule: "scripts-import-no-tests", file: "scripts/a.ts", text: 'import "../test/b.ts";' },
  { rule: "product-imports-no-development-packages", file: "server/a.ts", text: 'import "mocha";' },
  { rule: "no-undeclared-packages", file: "scripts/b.ts", text: 'import "debug";' },
  { rule: "not-unresolvable", file: "scripts/c.ts", text: 'import "./no-such-file.ts";' },
  { rule: "no-circles", file: "scripts/d.ts", text: 'import "./e.ts";' },
];

/** Imports that the same rules must let pass. */
const ALLOWED: Readonly<Record<string, string>> = {
  "protocol/sha256.node.ts": 'import "node:crypto";',
  "protocol/sha256.ts": 'import "@noble/hashes/sha2.js";',
  "protocol/merkle.ts": 'import "#sha256";',
  "verifier/evidence.ts": 'import "../protocol/merkle.ts";',
  "recorder/spool.ts": 'import "node:fs"; import "level"; import "../verifier/evidence.ts";',
  "server/errors.ts": "export {};",
  "server/config.ts": "export {};",
  "server/store/store.ts": 'import "./level.ts"; import "../errors.ts"; import "../../protocol/merkle.ts";',
  "server/store/level.ts": 'import "level"; import type {} from "../prove/evidence.ts";',
  "server/prove/evidence.ts": 'import type { Config } from "../config.ts";',
  "server/app.ts":
    'import "./config.ts"; import "./store/store.ts"; import "./prove/evidence.ts"; import "./app/records.ts"; import "express";',
  "server/app/records.ts": 'import "../store/store.ts";',
  "server/main.ts": 'import "./app.ts";',
  "cli/verify.ts": 'import "../verifier/evidence.ts"; import "../recorder/spool.ts"; import "pino";',
  "scripts/deploy.ts": 'import "../server/app.ts"; import "../recorder/spool.ts"; import "esbuild";',
  "scripts/audit/c.ts": 'import "../../server/store/store.ts"; import "../../verifier/evidence.ts";',
  "scripts/e.ts": 'import "./d.ts";',
  "test/b.ts": 'import "../scripts/deploy.ts"; import "../server/app.ts"; import "chai";',
};

describe("import directions", () => {
  let checkout: PlantedCheckout;
  let result: CruiseResult["summary"];

  before(async () => {
    const plants = Object.fromEntries(FORBIDDEN.map(({ file, text }) => [file, text]));
    checkout = await PlantedCheckout.make({ ...ALLOWED, ...plants });
    const folders = [
      "protocol",
      "verifier",
      "keys",
      "recorder",
      "server",
      "cli",
      "portal",
      "proactive",
      "scripts",
      "test",
    ];
    const output = await checkout.outputOf("dependency-cruiser/bin/dependency-cruiser.mjs", [
      "--config=.dependency-cruiser.mjs",
      "--output-type=json",
      ...folders,
    ]);
    result = (JSON.parse(output) as CruiseResult).summary;
  });

  after(() => checkout.remove());

  for (const { rule, file, text } of FORBIDDEN) {
    it(`${rule} refuses ${text} in ${file}`, () => {
      const broken = result.violations.filter((violation) => violation.from === file);
      expect(broken.map((violation) => violation.rule.name)).to.include(rule);
    });
  }

  it("lets every allowed import pass", () => {
    const broken = result.violations.filter(
      ({ from, rule }) => from in ALLOWED && rule.name !== "no-circles",
    );
    expect(broken).to.deep.equal([]);
  });

  it("has a refused example of every rule", () => {
    const rules = result.ruleSetUsed.forbidden.map((rule) => rule.name);
    expect(new Set(FORBIDDEN.map(({ rule }) => rule))).to.deep.equal(new Set(rules));
  });
});
