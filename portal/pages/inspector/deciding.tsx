import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { ComplaintOutcome, WholeComplaint } from "../../api/complaints.ts";
import { Ask } from "../../parts/ask.tsx";
import { Button } from "../../parts/button.tsx";
import { OneOf } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { Notice } from "../../parts/notice.tsx";
import { useWriting } from "../../words/moments.ts";
import { faultIn, MAX_TEXT } from "../complaints/free-text.ts";

const OUTCOMES: readonly ComplaintOutcome[] = ["upheld", "partly-upheld", "rejected"];

/** The inspector's decision of a complaint, which is asked for once more: it ends the complaint. */
export function Deciding(props: {
  readonly complaint: WholeComplaint;
  readonly isPending: boolean;
  readonly onDecide: (decision: { readonly outcome: ComplaintOutcome; readonly text: string }) => void;
}) {
  const { complaint, isPending, onDecide } = props;
  const { t } = useTranslation("duties");
  const { day } = useWriting();
  const [outcome, setOutcome] = useState<ComplaintOutcome | null>(null);
  const [text, setText] = useState("");
  const [isAsked, setIsAsked] = useState(false);
  const fault = faultIn(text);
  const { state, due } = complaint;
  return (
    <section className="card stack">
      <h2>{t("decide.title")}</h2>
      <p>{t("decide.lead")}</p>
      {state === "filed" && due?.answer.state === "pending" && (
        <Notice tone="warn" title={t("decide.early", { day: day(due.answer.by) })} />
      )}
      <OneOf
        label={t("decide.outcome")}
        value={outcome}
        choices={OUTCOMES.map((value) => ({ value, name: t(`received.outcomes.${value}`) }))}
        onChange={setOutcome}
      />
      {isAsked && outcome === null && (
        <p className="fault" role="alert">
          {t("decide.outcomeMissing")}
        </p>
      )}
      <Field
        isLong
        isRequired
        label={t("decide.text")}
        hint={t("decide.hint")}
        value={text}
        maxLength={MAX_TEXT}
        fault={isAsked && fault !== undefined ? t(`decide.${fault}`) : undefined}
        onChange={setText}
      />
      <div>
        {outcome !== null && fault === undefined ? (
          <Ask
            weight="first"
            label={t("decide.send")}
            question={t("decide.ask")}
            yes={t("decide.yes")}
            isDisabled={isPending}
            onYes={() => onDecide({ outcome, text: text.trim() })}
          >
            <blockquote className="said">{text.trim()}</blockquote>
            <p>{t("decide.askWhy", { outcome: t(`received.outcomes.${outcome}`) })}</p>
          </Ask>
        ) : (
          <Button weight="first" onPress={() => setIsAsked(true)}>
            {t("decide.send")}
          </Button>
        )}
      </div>
    </section>
  );
}
