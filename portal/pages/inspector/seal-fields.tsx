import { useTranslation } from "react-i18next";

import { Field } from "../../parts/field.tsx";
import { DayField } from "./day-field.tsx";
import type { DayFault, FilledTerms } from "./seal-terms.ts";

/** Until when, and by which law. `fault`: what is wrong with the day, once that is to be said. */
export function SealFields(props: {
  readonly filled: FilledTerms;
  readonly onChange: (filled: FilledTerms) => void;
  readonly isAsked: boolean;
  /** Left out where the end is not to be chosen. */
  readonly day?: { readonly fault: DayFault | undefined };
}) {
  const { filled, onChange, isAsked, day } = props;
  const { t } = useTranslation("duties");
  const missing = (text: string): string | undefined =>
    isAsked && text.trim() === "" ? t("seal.missing") : undefined;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="fields">
      {day !== undefined && (
        <DayField
          label={t("seal.until")}
          hint={t("seal.untilHint", { zone })}
          value={filled.day}
          onChange={(chosen) => onChange({ ...filled, day: chosen })}
          fault={isAsked && day.fault !== undefined ? t(`seal.${day.fault}`) : undefined}
        />
      )}
      <Field
        label={t("seal.law")}
        hint={t("seal.lawHint")}
        value={filled.law}
        maxLength={256}
        isRequired
        onChange={(law) => onChange({ ...filled, law })}
        fault={missing(filled.law)}
      />
      <Field
        label={t("seal.article")}
        hint={t("seal.articleHint")}
        value={filled.article}
        maxLength={64}
        isRequired
        onChange={(article) => onChange({ ...filled, article })}
        fault={missing(filled.article)}
      />
    </div>
  );
}
