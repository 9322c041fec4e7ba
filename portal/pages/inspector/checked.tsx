import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { CheckList, type CheckWords, useCheckWord } from "../../parts/check.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Progress } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import type { InspectionStep } from "../../verify/inspection.ts";
import type { CheckedBundle } from "../../verify/inspection-messages.ts";
import { useWriting } from "../../words/moments.ts";

type Check = CheckedBundle["checks"][number];
export type Verdict = CheckedBundle["verdict"];

/** Whether what was verified may be used. */
export function isGood(verdict: Verdict): boolean {
  return verdict === "valid" || verdict === "development";
}

/** What the browser found out about something that came from the ledger, with every check behind it. `children` says what is proven when it is good. */
export function Checked(props: {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly digest?: string;
  /** What is said when all is well. */
  readonly title: string;
  readonly words: CheckWords;
  readonly children: ReactNode;
}) {
  const { verdict, checks, digest, title, words, children } = props;
  const { t } = useTranslation("oversight");
  const { t: terms } = useTranslation("terms");
  return (
    <section className="stack-tight">
      <Verdict verdict={verdict} checks={checks} title={title} words={words}>
        {children}
      </Verdict>
      <Disclosure title={t("checked.show", { number: checks.length })}>
        <div className="stack-tight">
          {digest !== undefined && (
            <dl className="facts">
              <dt>
                <Term name="digest">{terms("digest.word")}</Term>
              </dt>
              <dd>
                <code>{digest}</code>
              </dd>
            </dl>
          )}
          <CheckList checks={checks} words={words} />
        </div>
      </Disclosure>
    </section>
  );
}

function Verdict(props: {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly title: string;
  readonly words: CheckWords;
  readonly children: ReactNode;
}) {
  const { verdict, checks, title, words, children } = props;
  const { t } = useTranslation("oversight");
  const wordOf = useCheckWord(words);
  if (isGood(verdict))
    return (
      <Notice tone="good" live icon="shield" title={title}>
        {children}
        {verdict === "development" && <p className="quiet small">{t("checked.trial")}</p>}
      </Notice>
    );
  const isBad = verdict === "invalid";
  return (
    <Notice
      tone={isBad ? "bad" : "warn"}
      live
      icon={isBad ? "warning" : "question"}
      title={t(isBad ? "checked.bad" : "checked.open")}
    >
      <p>{t(isBad ? "checked.badWhy" : "checked.openWhy")}</p>
      {checks
        .filter(({ status }) => status === "failed")
        .map((check) => (
          <p key={check.id}>{t("checked.failedAt", { check: wordOf(check, "title") })}</p>
        ))}
    </Notice>
  );
}

/** While something is fetched and verified. */
export function UnderWay({ step }: { readonly step: InspectionStep | undefined }) {
  const { t } = useTranslation("oversight");
  const { count } = useWriting();
  const isVerifying = step?.kind === "verifying";
  const bytes = step?.kind === "fetching" ? step.bytes : 0;
  return (
    <div role="status">
      <Progress
        label={
          isVerifying
            ? t("progress.verifying")
            : t("progress.fetching", { size: count(Math.round(bytes / 1000)) })
        }
        share={isVerifying ? 0.8 : undefined}
      />
    </div>
  );
}
