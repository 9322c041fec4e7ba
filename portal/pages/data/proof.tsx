import { useTranslation } from "react-i18next";
import { useEffect } from "react";

import { Button } from "../../parts/button.tsx";
import { CheckList, OTHERS_STATEMENT, OWN_STATEMENT, useCheckWord } from "../../parts/check.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Explained, Term } from "../../parts/term.tsx";
import type { CheckedStatement } from "../../verify/messages.ts";
import { isProven, isVerified, type Pin, pinFirst, shortened } from "../../verify/pin.ts";
import { useWriting } from "../../words/moments.ts";
import { useAddressed } from "./whose.ts";

/** Whether the list can be relied on, in one sentence, and every check behind it. */
export function Proof({ statement, pin }: { readonly statement: CheckedStatement; readonly pin: Pin }) {
  const { t } = useTranslation("data");
  const { checks, verdict } = statement;
  const words = useAddressed() === "self" ? OWN_STATEMENT : OTHERS_STATEMENT;
  return (
    <section className="stack-tight" aria-label={t("proof.comparedWith")}>
      <Pinned statement={statement} pin={pin} />
      {/* Checked against another log, a good verdict says nothing of the known one. */}
      {(!isVerified(verdict) || isProven(statement, pin)) && <Verdict statement={statement} />}
      <Disclosure title={t("proof.show", { count: checks.length })}>
        <div className="stack-tight">
          <p className="quiet">{t("proof.how")}</p>
          <Compared statement={statement} />
          <CheckList checks={checks} words={words} />
        </div>
      </Disclosure>
    </section>
  );
}

function Verdict({ statement }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("data");
  const { t: said } = useTranslation("checks");
  const wordOf = useCheckWord(useAddressed() === "self" ? OWN_STATEMENT : OTHERS_STATEMENT);
  const { moment, count } = useWriting();
  const { verdict, checks, entries, fixedAt, comparedWith, logs } = statement;
  if (verdict === "invalid") {
    const failed = checks.filter(({ status }) => status === "failed");
    return (
      <Notice tone="bad" live icon="warning" title={t("proof.invalid")}>
        <p><Explained text={t("proof.invalidWhy")} /></p>
        {failed.map((check) => (
          <p key={check.id}>{t("proof.failedAt", { check: wordOf(check, "title") })}</p>
        ))}
      </Notice>
    );
  }
  if (verdict === "incomplete") {
    return (
      <Notice tone="warn" live icon="question" title={t("proof.incomplete")}>
        <p><Explained text={t("proof.incompleteWhy", { reason: t(`proof.reasons.${reasonOf(statement)}`) })} /></p>
      </Notice>
    );
  }
  return (
    <Notice tone="good" live icon="shield" title={t("proof.good")}>
      <p><Explained text={t("proof.goodWhy", { entries: count(entries.length), time: moment(fixedAt ?? 0) })} /></p>
      {checks
        .filter(({ status }) => status === "warning")
        .map((check) => (
          <p key={check.id}>
            {said("status.warning")}: {wordOf(check, "title")}
          </p>
        ))}
      {logs !== undefined && logs.count > 1 && (
        <p>
          {t("proof.logs", { log: logs.own, number: logs.count })} <a href="/verify">{t("proof.logsVerify")}</a>
        </p>
      )}
      {comparedWith?.environment === "embedded" && <p className="quiet small">{t("proof.trial")}</p>}
    </Notice>
  );
}

function reasonOf({ checks, comparedWith }: CheckedStatement): "trust" | "chain" | "other" {
  if (comparedWith === undefined) return "trust";
  return checks.some(({ id, status }) => id === "chain" && status === "not-checked") ? "chain" : "other";
}

/** Says when the server names another log than this browser knows. */
function Pinned({ statement: { verdict, comparedWith }, pin }: { readonly statement: CheckedStatement; readonly pin: Pin }) {
  const { t } = useTranslation("data");
  const { before, accept } = pin;
  const isGood = isVerified(verdict);
  useEffect(() => {
    if (isGood && comparedWith !== undefined) pinFirst(comparedWith);
  }, [isGood, comparedWith]);
  if (before === undefined) return null;
  return (
    <Notice tone="bad" live icon="warning" title={t("proof.pinned")}>
      <p>{t("proof.pinnedWhy", { before: shortened(before), now: shortened(comparedWith?.identity ?? "") })}</p>
      <p>
        <Button weight="grave" onPress={accept}>
          {t("proof.accept")}
        </Button>
      </p>
    </Notice>
  );
}

function Compared({ statement: { comparedWith, digest } }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("data");
  const { t: terms } = useTranslation("terms");
  return (
    <dl className="facts">
      {comparedWith !== undefined && (
        <>
          <dt>
            <Term name="trustProfile">{t("proof.comparedWith")}</Term>
          </dt>
          <dd>
            {comparedWith.name} <code>{shortened(comparedWith.identity)}</code>
          </dd>
        </>
      )}
      <dt>
        <Term name="digest">{terms("digest.word")}</Term>
      </dt>
      <dd>
        <code>{digest}</code>
      </dd>
    </dl>
  );
}
