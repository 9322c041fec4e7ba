import { useTranslation } from "react-i18next";

import type { Check } from "../../verifier/checks.ts";
import { useLookup } from "../words/lookup.ts";
import { Icon, type IconName } from "./icon.tsx";
import type { Tone } from "./notice.tsx";
import { Explained } from "./term.tsx";

/** How the outcome of a check is shown. */
const MARKS: Readonly<Record<Check["status"], { readonly tone: Tone; readonly icon: IconName }>> = {
  passed: { tone: "good", icon: "check" },
  warning: { tone: "warn", icon: "warning" },
  failed: { tone: "bad", icon: "cross" },
  "not-checked": { tone: "quiet", icon: "question" },
};

/** Where the words of checks stand, what fits best first, such as `verifyChecks:evidence`. */
export type CheckWords = readonly string[];

/** Of the statement of whoever reads it. */
export const OWN_STATEMENT: CheckWords = ["checks:own", "checks:statement"];

/** Of the statement of somebody whom the reader represents. */
export const OTHERS_STATEMENT: CheckWords = ["checks:others", "checks:statement"];

/** What is said of every kind of file alike. */
const ANY = "checks:any";

/** What a check is called, or what it means, in plain words; else as the verifier says. */
export function useCheckWord(words: CheckWords): (check: Check, part: "title" | "meaning") => string {
  const lookup = useLookup();
  return ({ id, title }, part) =>
    [...words, ANY].reduceRight(
      (otherwise, area) => lookup(`${area}.${id}.${part}`, otherwise),
      part === "title" ? title : "",
    );
}

/** Every check that was made: what it asserts, how it came out, what it means, and what the verifier found. */
export function CheckList({
  checks,
  words,
}: {
  readonly checks: readonly Check[];
  readonly words: CheckWords;
}) {
  const { t } = useTranslation("checks");
  const wordOf = useCheckWord(words);
  return (
    <ol className="check-list" role="list">
      {checks.map((check) => {
        const { tone, icon } = MARKS[check.status];
        return (
          <li key={check.id} className="check-line">
            <span className={`check-mark tone-${tone}`}>
              <Icon name={icon} />
            </span>
            <div>
              <p>
                <strong>{wordOf(check, "title")}</strong>{" "}
                <span className="quiet">({t(`status.${check.status}`)})</span>
              </p>
              <p className="quiet">
                <Explained text={wordOf(check, "meaning")} />
              </p>
              <p className="quiet small">
                {t("detail")} <span lang="en">{check.detail}</span>
              </p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
