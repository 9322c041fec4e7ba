import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Catalogue, useCatalogue } from "../../api/catalogue.ts";
import { type Preferences, usePreferences, usePreferencesChange } from "../../api/inbox.ts";
import { Button } from "../../parts/button.tsx";
import { Check, OneOf } from "../../parts/choice.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Field } from "../../parts/field.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { useNaming } from "../../words/naming.ts";

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/** How the person wants to be told. */
export function PreferencesForm() {
  const preferences = usePreferences();
  const catalogue = useCatalogue();
  return (
    <Answered of={preferences}>
      {(saved) => <Answered of={catalogue}>{(known) => <Form saved={saved} catalogue={known} />}</Answered>}
    </Answered>
  );
}

function Form({ saved, catalogue }: { readonly saved: Preferences; readonly catalogue: Catalogue }) {
  const { t } = useTranslation("inbox");
  const naming = useNaming();
  const change = usePreferencesChange();
  const [wanted, setWanted] = useState(saved);
  const set = (changes: Partial<Preferences>): void => {
    change.reset();
    setWanted({ ...wanted, ...changes });
  };
  const faultOf = (time: string): string | undefined => (TIME.test(time) ? undefined : t("preferences.time"));
  const { quiet, noSms } = wanted;
  const isGood = TIME.test(quiet.from) && TIME.test(quiet.until);
  return (
    <form
      className="card stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (isGood) change.mutate(wanted);
      }}
    >
      <OneOf
        label={t("preferences.language")}
        value={wanted.language}
        choices={(["vi", "en"] as const).map((value) => ({
          value,
          name: t(`preferences.languages.${value}`),
        }))}
        onChange={(language) => set({ language })}
      />
      <div>
        <Check isSelected={wanted.sms} onChange={(sms) => set({ sms })}>
          {t("preferences.sms")}
        </Check>
        <Check isSelected={wanted.email} onChange={(email) => set({ email })}>
          {t("preferences.email")}
        </Check>
      </div>
      {wanted.sms && (
        <>
          <div role="group" aria-label={t("preferences.quiet")} className="stack-tight">
            <p className="group-label">{t("preferences.quiet")}</p>
            <div className="row">
              <Field
                label={t("preferences.from")}
                value={quiet.from}
                maxLength={5}
                fault={faultOf(quiet.from)}
                onChange={(from) => set({ quiet: { ...quiet, from } })}
              />
              <Field
                label={t("preferences.to")}
                value={quiet.until}
                maxLength={5}
                fault={faultOf(quiet.until)}
                onChange={(until) => set({ quiet: { ...quiet, until } })}
              />
            </div>
          </div>
          <div role="group" aria-label={t("preferences.noSms")}>
            <p className="group-label">{t("preferences.noSms")}</p>
            {catalogue.procedures.map(({ code }) => (
              <Check
                key={code}
                isSelected={noSms.includes(code)}
                onChange={(isOut) =>
                  set({ noSms: isOut ? [...noSms, code] : noSms.filter((each) => each !== code) })
                }
              >
                {naming.procedure(code)}
              </Check>
            ))}
          </div>
        </>
      )}
      {change.error !== null && <Fault error={change.error} />}
      {change.isSuccess && <Notice tone="good" live title={t("preferences.saved")} />}
      <div>
        <Button type="submit" weight="first" isDisabled={change.isPending || !isGood}>
          {t("preferences.save")}
        </Button>
      </div>
    </form>
  );
}
