import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Ask } from "../../parts/ask.tsx";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { faultIn, MAX_TEXT } from "../complaints/free-text.ts";

/** The agency's answer to a complaint, which is asked for once more before it is sent. */
export function Answering(props: { readonly isPending: boolean; readonly onAnswer: (text: string) => void }) {
  const { isPending, onAnswer } = props;
  const { t } = useTranslation("duties");
  const [text, setText] = useState("");
  const [isAsked, setIsAsked] = useState(false);
  const fault = faultIn(text);
  return (
    <section className="card stack">
      <h2>{t("answer.title")}</h2>
      <p>{t("answer.lead")}</p>
      <Field
        isLong
        isRequired
        label={t("answer.text")}
        hint={t("answer.hint")}
        value={text}
        maxLength={MAX_TEXT}
        fault={isAsked && fault !== undefined ? t(`answer.${fault}`) : undefined}
        onChange={setText}
      />
      <div>
        {fault === undefined ? (
          <Ask
            weight="first"
            label={t("answer.send")}
            question={t("answer.ask")}
            yes={t("answer.yes")}
            isDisabled={isPending}
            onYes={() => onAnswer(text.trim())}
          >
            <blockquote className="said">{text.trim()}</blockquote>
            <p>{t("answer.askWhy")}</p>
          </Ask>
        ) : (
          <Button weight="first" onPress={() => setIsAsked(true)}>
            {t("answer.send")}
          </Button>
        )}
      </div>
    </section>
  );
}
