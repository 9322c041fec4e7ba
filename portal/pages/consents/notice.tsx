import { useTranslation } from "react-i18next";

import { useCatalogue } from "../../api/catalogue.ts";
import { Term } from "../../parts/term.tsx";
import { inLanguage } from "../../words/languages.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";

/**
 * What somebody agrees to, as they are shown it. The record names this text `portal-consent-1` (`api/consents.ts`): who changes what it says gives it
 * another name.
 */
export function Notice(props: {
  readonly procedure: string;
  readonly recipients: readonly string[];
  readonly personalData: readonly string[];
  readonly controller: string | undefined;
  readonly validUntil: string;
}) {
  const { procedure, recipients, personalData, controller, validUntil } = props;
  const { t, i18n } = useTranslation("consents");
  const { t: terms } = useTranslation("terms");
  const { day, list } = useWriting();
  const naming = useNaming();
  const { data: catalogue } = useCatalogue();
  const known = catalogue?.procedures.find(({ code }) => code === procedure);
  return (
    <div className="stack-tight">
      <p>
        <strong>
          {t("new.sentence", {
            agencies: list(recipients.map(naming.agency)),
            categories: list(naming.categories(personalData).map((name) => name.toLowerCase())),
            procedure: naming.procedure(procedure),
            until: day(Date.parse(validUntil) / 1000),
            interpolation: { escapeValue: false },
          })}
        </strong>
      </p>
      {known?.purpose !== undefined && <p>{inLanguage(i18n.language, known.purpose)}</p>}
      {controller !== undefined && <p>{t("new.controller", { agency: naming.agency(controller) })}</p>}
      {known?.retention !== undefined && (
        <p>
          {t("new.retention")} {inLanguage(i18n.language, known.retention)}
        </p>
      )}
      <p>
        {t("new.rights")} <Term name="statement">{terms("statement.word").toLowerCase()}</Term>.
      </p>
    </div>
  );
}
