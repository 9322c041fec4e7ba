import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { CHECK_MARKS, CheckText } from "../../parts/check.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Progress } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import type { InspectionStep } from "../../verify/inspection.ts";
import type { CheckedBundle } from "../../verify/inspection-messages.ts";
import { useLookup } from "../../words/lookup.ts";
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
  /** Where the words of the checks stand, such as `oversight:bundle.checks`. */
  readonly words: string;
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
          <ol role="list" className="checks-list">
            {checks.map((check) => (
              <Line key={check.id} check={check} words={words} />
            ))}
          </ol>
        </div>
      </Disclosure>
    </section>
  );
}

function Verdict(props: {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly title: string;
  readonly words: string;
  readonly children: ReactNode;
}) {
  const { verdict, checks, title, words, children } = props;
  const { t } = useTranslation("oversight");
  const nameOf = useCheckName(words);
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
          <p key={check.id}>{t("checked.failedAt", { check: nameOf(check, "title") })}</p>
        ))}
    </Notice>
  );
}

function Line({ check, words }: { readonly check: Check; readonly words: string }) {
  const { t } = useTranslation("oversight");
  const nameOf = useCheckName(words);
  const { tone, icon } = CHECK_MARKS[check.status];
  return (
    <li>
      <span className={`badge tone-${tone}`}>
        <Icon name={icon} />
      </span>
      <CheckText
        title={nameOf(check, "title")}
        status={t(`checked.status.${check.status}`)}
        meaning={nameOf(check, "meaning")}
        detailName={t("checked.detail")}
        detail={check.detail}
      />
    </li>
  );
}

/** What a check is called here, else what it is called to citizens, else as the verifier says. */
function useCheckName(words: string): (check: Check, part: "title" | "meaning") => string {
  const lookup = useLookup();
  return ({ id, title }, part) =>
    lookup(`${words}.${id}.${part}`, lookup(`checks:${id}.${part}`, part === "title" ? title : ""));
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
