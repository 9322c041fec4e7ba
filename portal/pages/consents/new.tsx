import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { type Catalogue, useCatalogue } from "../../api/catalogue.ts";
import { useConsentAct } from "../../api/consents.ts";
import { useNow } from "../../app/now.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Check, OneOf } from "../../parts/choice.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { useNaming } from "../../words/naming.ts";
import { Notice } from "./notice.tsx";
import { type Offer, offersIn } from "./offers.ts";

const LENGTHS = ["30", "90", "365", "730"] as const;
type Length = (typeof LENGTHS)[number];

/** Agreeing to something of one's own accord. */
export default function NewConsent() {
  const { t } = useTranslation("consents");
  return (
    <div className="stack">
      <title>{`${t("new.title")} · Minh Bạch`}</title>
      <h1>{t("new.title")}</h1>
      <p>{t("new.lead")}</p>
      <Answered of={useCatalogue()}>{(catalogue) => <Choose catalogue={catalogue} />}</Answered>
    </div>
  );
}

function Choose({ catalogue }: { readonly catalogue: Catalogue }) {
  const { t } = useTranslation("consents");
  const { t: shell } = useTranslation();
  const naming = useNaming();
  const offers = offersIn(catalogue);
  const [key, setKey] = useState<string | null>(null);
  const offer = offers.find((each) => each.key === key);
  if (offers.length === 0)
    return (
      <Empty icon="consent" title={t("new.none")}>
        <ButtonLink href="/consents">{shell("back")}</ButtonLink>
      </Empty>
    );
  return (
    <>
      <section className="card">
        <OneOf
          label={t("new.which")}
          value={key}
          choices={offers.map((each) => ({ value: each.key, name: naming.procedure(each.procedure) }))}
          onChange={setKey}
        />
      </section>
      {offer !== undefined && <Terms key={offer.key} offer={offer} version={catalogue.version} />}
      <p>
        <ButtonLink weight="quiet" href="/consents">
          {shell("back")}
        </ButtonLink>
      </p>
    </>
  );
}

function Terms({ offer, version }: { readonly offer: Offer; readonly version: string }) {
  const { t, i18n } = useTranslation("consents");
  const naming = useNaming();
  const now = useNow();
  const [, navigate] = useLocation();
  const act = useConsentAct();
  // Nothing is chosen for the person.
  const [recipients, setRecipients] = useState<readonly string[]>([]);
  const [personalData, setPersonalData] = useState<readonly string[]>([]);
  const [length, setLength] = useState<Length | null>(null);
  const isComplete = recipients.length > 0 && personalData.length > 0 && length !== null;
  const validUntil = new Date((now + Number(length) * 86_400) * 1000).toISOString();
  const { procedure, controller } = offer;
  const terms = { procedure, controller, recipients, personalData, validUntil };
  const agree = (): void =>
    act.mutate(
      {
        kind: "give",
        giving: { ...terms, language: i18n.language === "en" ? "en" : "vi", catalogue: version },
      },
      { onSuccess: () => navigate("/consents") },
    );
  return (
    <>
      <Several
        label={t("new.who")}
        codes={offer.recipients}
        name={naming.agency}
        chosen={recipients}
        onChange={setRecipients}
      />
      <Several
        label={t("new.whichData")}
        codes={offer.personalData}
        name={(code) => naming.categories([code]).join()}
        chosen={personalData}
        onChange={setPersonalData}
      />
      <section className="card">
        <OneOf
          label={t("new.howLong")}
          value={length}
          choices={LENGTHS.map((value) => ({ value, name: t(`new.lengths.${value}`) }))}
          onChange={setLength}
        />
      </section>
      {isComplete && (
        <section className="card stack-tight">
          <h2>{t("new.read")}</h2>
          <Notice {...terms} />
          {act.error !== null && <Fault error={act.error} />}
          <div>
            <Button weight="first" isDisabled={act.isPending} onPress={agree}>
              {t("new.yes")}
            </Button>
          </div>
        </section>
      )}
    </>
  );
}

function Several(props: {
  readonly label: string;
  readonly codes: readonly string[];
  readonly name: (code: string) => string;
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}) {
  const { label, codes, name, chosen, onChange } = props;
  return (
    <section className="card" role="group" aria-label={label}>
      <p className="group-label">{label}</p>
      {codes.map((code) => (
        <Check
          key={code}
          isSelected={chosen.includes(code)}
          onChange={(isChosen) =>
            onChange(isChosen ? [...chosen, code] : chosen.filter((each) => each !== code))
          }
        >
          {name(code)}
        </Check>
      ))}
    </section>
  );
}
