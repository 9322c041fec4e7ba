import { useTranslation } from "react-i18next";
import { useEffect } from "react";

import { Button } from "../../parts/button.tsx";
import { CHECK_MARKS, CheckText } from "../../parts/check.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Term } from "../../parts/term.tsx";
import type { CheckedStatement } from "../../verify/messages.ts";
import { pinFirst, usePin } from "../../verify/pin.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";

type Check = CheckedStatement["checks"][number];

/** Whether the list can be relied on, in one sentence, and every check behind it. */
export function Proof({ statement }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("data");
  const { checks } = statement;
  return (
    <section className="stack-tight" aria-label={t("proof.comparedWith")}>
      <Pinned statement={statement} />
      <Verdict statement={statement} />
      <Disclosure title={t("proof.show", { count: checks.length })}>
        <div className="stack-tight">
          <p className="quiet">{t("proof.how")}</p>
          <Compared statement={statement} />
          <ol className="checks" role="list">
            {checks.map((check) => (
              <CheckLine key={check.id} check={check} />
            ))}
          </ol>
        </div>
      </Disclosure>
    </section>
  );
}

function Verdict({ statement }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("data");
  const lookup = useLookup();
  const { moment, count } = useWriting();
  const { verdict, checks, entries, fixedAt, comparedWith } = statement;
  if (verdict === "invalid") {
    const failed = checks.filter(({ status }) => status === "failed");
    return (
      <Notice tone="bad" live icon="warning" title={t("proof.invalid")}>
        <p>{t("proof.invalidWhy")}</p>
        {failed.map(({ id, title }) => (
          <p key={id}>{t("proof.failedAt", { check: lookup(`checks:${id}.title`, title) })}</p>
        ))}
      </Notice>
    );
  }
  if (verdict === "incomplete") {
    return (
      <Notice tone="warn" live icon="question" title={t("proof.incomplete")}>
        <p>{t("proof.incompleteWhy", { reason: t(`proof.reasons.${reasonOf(statement)}`) })}</p>
      </Notice>
    );
  }
  return (
    <Notice tone="good" live icon="shield" title={t("proof.good")}>
      <p>{t("proof.goodWhy", { entries: count(entries.length), time: moment(fixedAt ?? 0) })}</p>
      {checks
        .filter(({ status }) => status === "warning")
        .map(({ id, title }) => (
          <p key={id}>
            {t("proof.status.warning")}: {lookup(`checks:${id}.title`, title)}
          </p>
        ))}
      {comparedWith?.environment === "embedded" && <p className="quiet small">{t("proof.trial")}</p>}
    </Notice>
  );
}

function reasonOf({ checks, comparedWith }: CheckedStatement): "trust" | "chain" | "other" {
  if (comparedWith === undefined) return "trust";
  return checks.some(({ id, status }) => id === "chain" && status === "not-checked") ? "chain" : "other";
}

/** Says when the server names another log than this browser knows. */
function Pinned({ statement: { verdict, comparedWith } }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("data");
  const { before, accept } = usePin(comparedWith);
  const isGood = verdict === "valid" || verdict === "development";
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

function shortened(identity: string): string {
  return identity.replaceAll(/(0x[0-9a-f]{6})[0-9a-f]+/g, "$1…");
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

function CheckLine({ check: { id, title, status, detail } }: { readonly check: Check }) {
  const { t } = useTranslation("data");
  const lookup = useLookup();
  const { tone, icon } = CHECK_MARKS[status];
  return (
    <li className="check">
      <span className={`check-mark tone-${tone}`}>
        <Icon name={icon} />
      </span>
      <CheckText
        title={lookup(`checks:${id}.title`, title)}
        status={t(`proof.status.${status}`)}
        meaning={lookup(`checks:${id}.meaning`, "")}
        detailName={t("proof.detail")}
        detail={detail}
      />
    </li>
  );
}
