import { expect } from "chai";
import { CHECK_WORDS } from "../../portal/pages/verify/checks.ts";
import { checks as checksEn } from "../../portal/words/en/checks.ts";
import { verifyChecks as verifyChecksEn } from "../../portal/words/en/verify-checks.ts";
import { checks as checksVi } from "../../portal/words/vi/checks.ts";
import { verifyChecks as verifyChecksVi } from "../../portal/words/vi/verify-checks.ts";
import { ACCUSATION_CHECKS } from "../../verifier/accusation.ts";
import { BREACH_CHECKS } from "../../verifier/breach.ts";
import { BUNDLE_CHECKS } from "../../verifier/bundle.ts";
import { EVIDENCE_CHECKS } from "../../verifier/evidence.ts";
import { GATHERED_CHECKS } from "../../verifier/gathered.ts";
import { RECEIPT_PROMISE_CHECKS } from "../../verifier/receipt-promises.ts";
import { STATEMENT_CHECKS } from "../../verifier/statement.ts";

/** Where the checks of each kind are looked up, as the pages do, and the checks that the verifier makes of it. */
const KINDS = [
  { areas: ["checks:own", "checks:statement"], made: STATEMENT_CHECKS },
  { areas: ["checks:others", "checks:statement"], made: STATEMENT_CHECKS },
  { areas: CHECK_WORDS.statement, made: STATEMENT_CHECKS },
  { areas: CHECK_WORDS.gathered, made: GATHERED_CHECKS },
  { areas: CHECK_WORDS.evidence, made: EVIDENCE_CHECKS },
  { areas: CHECK_WORDS.bundle, made: BUNDLE_CHECKS },
  { areas: CHECK_WORDS.accusation, made: ACCUSATION_CHECKS },
  { areas: CHECK_WORDS.breach, made: BREACH_CHECKS },
  { areas: CHECK_WORDS.receipt, made: RECEIPT_PROMISE_CHECKS },
];

type Words = Readonly<Record<string, { readonly title: string; readonly meaning: string }>>;

/** Each area by its name. */
function areasIn(checks: typeof checksVi, verifyChecks: typeof verifyChecksVi): ReadonlyMap<string, Words> {
  const { any, statement, own, others } = checks;
  return new Map<string, Words>([
    ...Object.entries({ any, statement, own, others }).map(
      ([name, words]) => [`checks:${name}`, words] as const,
    ),
    ...Object.entries(verifyChecks).map(([name, words]) => [`verifyChecks:${name}`, words] as const),
  ]);
}

describe("the words of the verifier's checks", () => {
  for (const [language, areas] of [
    ["vi", areasIn(checksVi, verifyChecksVi)],
    ["en", areasIn(checksEn, verifyChecksEn)],
  ] as const) {
    it(`are there for every check of every kind of file: ${language}`, () => {
      for (const { areas: names, made } of KINDS)
        for (const id of Object.keys(made)) {
          const words = [...names, "checks:any"].map((name) => areas.get(name)?.[id]).find(Boolean);
          expect(words, `${names.join()} ${id}`).to.have.keys("title", "meaning");
        }
    });

    it(`are there for no check that is not made: ${language}`, () => {
      for (const [name, words] of areas) {
        const made = KINDS.filter(({ areas: names }) => name === "checks:any" || names.includes(name));
        const ids = new Set(made.flatMap((kind) => Object.keys(kind.made)));
        expect([...ids], name).to.include.members(Object.keys(words));
      }
    });

    it(`stand once each: ${language}`, () => {
      const texts = [...areas].flatMap(([name, words]) =>
        Object.entries(words).map(([id, { title, meaning }]) => ({
          at: `${name}.${id}`,
          text: `${title} ${meaning}`,
        })),
      );
      const again = texts.filter(({ text }, at) => texts.findIndex((other) => other.text === text) !== at);
      expect(again.map(({ at }) => at)).to.deep.equal([]);
    });
  }
});
