import type { Check } from "../../verifier/checks.ts";
import type { IconName } from "./icon.tsx";
import type { Tone } from "./notice.tsx";

/** How the outcome of a check is shown. */
export const CHECK_MARKS: Readonly<
  Record<Check["status"], { readonly tone: Tone; readonly icon: IconName }>
> = {
  passed: { tone: "good", icon: "check" },
  warning: { tone: "warn", icon: "warning" },
  failed: { tone: "bad", icon: "cross" },
  "not-checked": { tone: "quiet", icon: "question" },
};

/** One check in words: what it asserts, how it came out, what it means, and what the verifier found. */
export function CheckText(props: {
  readonly title: string;
  readonly status: string;
  readonly meaning: string;
  readonly detailName: string;
  /** As the verifier says it, in English. */
  readonly detail: string;
}) {
  const { title, status, meaning, detailName, detail } = props;
  return (
    <div>
      <p>
        <strong>{title}</strong> <span className="quiet">({status})</span>
      </p>
      <p className="quiet">{meaning}</p>
      <p className="quiet small">
        {detailName} <span lang="en">{detail}</span>
      </p>
    </div>
  );
}
