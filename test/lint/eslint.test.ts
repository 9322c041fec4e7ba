import { expect } from "chai";

import { PlantedCheckout } from "./planted.ts";

/** What the tests read of eslint's JSON. */
type EslintResult = readonly {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null; readonly message: string }[];
}[];

const PROMISE = "declare function save(): Promise<void>;\n";

/** For each habit of the house that eslint keeps, a file that breaks it. */
const REFUSED: readonly { rule: string; file: string; text: string }[] = [
  {
    rule: "@typescript-eslint/no-floating-promises",
    file: "server/a.ts",
    text: `${PROMISE}export function f(): void { save(); }`,
  },
  {
    rule: "@typescript-eslint/no-misused-promises",
    file: "server/b.ts",
    text: `${PROMISE}[1].forEach(async () => { await save(); });\nexport {};`,
  },
  { rule: "@typescript-eslint/no-explicit-any", file: "server/c.ts", text: "export const a: any = 1;" },
  {
    rule: "@typescript-eslint/no-non-null-assertion",
    file: "server/d.ts",
    text: "export const f = (a?: string): string => a!;",
  },
  {
    rule: "@typescript-eslint/consistent-type-assertions",
    file: "server/e.ts",
    text: "interface A { a: number; b: number }\nexport const a = { a: 1 } as A;",
  },
  {
    rule: "@typescript-eslint/switch-exhaustiveness-check",
    file: "server/f.ts",
    text: 'export function f(a: "x" | "y"): number { switch (a) { case "x": return 1; } return 2; }',
  },
  {
    rule: "@typescript-eslint/consistent-type-imports",
    file: "server/g.ts",
    text: 'import { Socket } from "node:net";\nexport type S = Socket;',
  },
  { rule: "no-restricted-properties", file: "server/h.ts", text: 'export const port = process.env["PORT"];' },
  {
    rule: "no-restricted-properties",
    file: "server/i.ts",
    text: "const { env } = process;\nexport { env };",
  },
  {
    rule: "no-restricted-imports",
    file: "recorder/a.ts",
    text: 'import { env } from "node:process";\nexport const port = env["PORT"];',
  },
  { rule: "no-restricted-properties", file: "recorder/b.ts", text: "export const now = Date.now();" },
  { rule: "no-restricted-globals", file: "protocol/a.ts", text: 'export const a = Buffer.from("a");' },
  { rule: "no-restricted-globals", file: "verifier/a.ts", text: "export const a = process.pid;" },
  { rule: "no-restricted-syntax", file: "scripts/b.ts", text: "if (import.meta.main) process.exit();" },
  { rule: "no-console", file: "server/j.ts", text: 'console.log("hello");\nexport {};' },
  { rule: "no-restricted-syntax", file: "test/a.ts", text: 'it.only("a", () => undefined);\nexport {};' },
  { rule: "no-restricted-syntax", file: "test/b.ts", text: 'it.skip("a", () => undefined);\nexport {};' },
  {
    rule: "no-restricted-syntax",
    file: "test/c.ts",
    text: 'it("a", function () { this.skip(); });\nexport {};',
  },
  { rule: "no-restricted-syntax", file: "test/d.ts", text: 'xit("a", () => undefined);\nexport {};' },
];

/** The same things where they are right. */
const ACCEPTED: Readonly<Record<string, string>> = {
  "server/main.ts": 'export const port = process.env["PORT"];',
  "recorder/main.ts": 'console.log(process.env["PORT"]);\nexport {};',
  "scripts/a.ts": 'console.log(process.env["PORT"]);\nexport {};',
  "server/clock.ts": "export const now = (): number => Date.now();",
  "protocol/a.node.ts": 'export const a = Buffer.from("a");',
  "server/k.ts": 'export const a = ["a"] as const;\nexport const text = `${a.length} of ${String(a)}`;',
  "test/e.ts": 'it.skip("a (skipped: needs a moon)", () => undefined);\nexport {};',
};

describe("lint rules", () => {
  let checkout: PlantedCheckout;
  const rulesBroken = new Map<string, (string | null)[]>();

  before(async function () {
    // The types of the planted files and of everything that they import are checked once.
    this.timeout(600_000);
    const plants = Object.fromEntries(REFUSED.map(({ file, text }) => [file, `${text}\n`]));
    checkout = await PlantedCheckout.make({ ...ACCEPTED, ...plants });
    const output = await checkout.outputOf("eslint/bin/eslint.js", [".", "--format=json"]);
    for (const { filePath, messages } of JSON.parse(output) as EslintResult) {
      const name = filePath.slice(checkout.folder.length + 1).replaceAll("\\", "/");
      rulesBroken.set(
        name,
        messages.map((message) => message.ruleId),
      );
    }
  });

  after(() => checkout.remove());

  for (const { rule, file, text } of REFUSED) {
    it(`${rule} refuses ${JSON.stringify(text.replace(PROMISE, ""))} in ${file}`, () => {
      expect(rulesBroken.get(file)).to.deep.equal([rule]);
    });
  }

  for (const [file, text] of Object.entries(ACCEPTED)) {
    it(`accepts ${JSON.stringify(text)} in ${file}`, () => {
      expect(rulesBroken.get(file)).to.deep.equal([]);
    });
  }
});
