import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

import type { FindingAct } from "../../api/findings.ts";
import { Ask } from "../../parts/ask.tsx";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";

/** Records that the authority was told of a breach. `children`: what helps to do so. */
export function Notify(props: {
  readonly isPending: boolean;
  readonly onAct: (act: FindingAct) => void;
  readonly children?: ReactNode;
}) {
  const { isPending, onAct, children } = props;
  const { t } = useTranslation("oversight");
  const [recipient, setRecipient] = useState("");
  const [reference, setReference] = useState("");
  const [isAsked, setIsAsked] = useState(false);
  const send = (): void => {
    setIsAsked(true);
    if (recipient.trim() === "") return;
    onAct({
      ...{ kind: "notification", recipient: recipient.trim() },
      ...(reference.trim() !== "" && { reference: reference.trim() }),
    });
  };
  return (
    <section className="card stack">
      <h2>{t("finding.notify")}</h2>
      <p>{t("finding.notifyWhy")}</p>
      {children !== undefined && <div>{children}</div>}
      <div className="fields">
        <Field
          label={t("finding.recipient")}
          value={recipient}
          onChange={setRecipient}
          maxLength={256}
          isRequired
          fault={isAsked && recipient.trim() === "" ? t("bundle.missing") : undefined}
        />
        <Field label={t("finding.reference")} value={reference} onChange={setReference} maxLength={128} />
      </div>
      <div>
        {recipient.trim() === "" ? (
          <Button isDisabled={isPending} onPress={send}>
            {t("finding.notify")}
          </Button>
        ) : (
          <Ask
            label={t("finding.notify")}
            question={t("ask", { what: t("finding.notify") })}
            yes={t("yes")}
            weight="first"
            isDisabled={isPending}
            onYes={send}
          >
            <p>{t("finding.notifyAsk")}</p>
          </Ask>
        )}
      </div>
    </section>
  );
}
