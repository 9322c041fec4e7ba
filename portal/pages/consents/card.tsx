import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Catalogue } from "../../api/catalogue.ts";
import type { Consent, ConsentAct } from "../../api/consents.ts";
import { fileAt } from "../../api/request.ts";
import { useCitizen } from "../../api/session.ts";
import { useNow } from "../../app/now.ts";
import { Ask } from "../../parts/ask.tsx";
import { Button } from "../../parts/button.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { download } from "../../parts/download.ts";
import { Fault } from "../../parts/fault.tsx";
import { Badge, type Tone } from "../../parts/notice.tsx";
import { Term } from "../../parts/term.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { ConsentHistory } from "./history.tsx";
import { Notice } from "./notice.tsx";

interface CardProps {
  readonly consent: Consent;
  readonly catalogue: Catalogue | undefined;
  readonly isBusy: boolean;
  readonly run: (step: ConsentAct) => void;
}

/** One consent: what it is for, and what the person can do about it. */
export function ConsentCard(props: CardProps) {
  const { consent, isBusy, run } = props;
  const { t } = useTranslation("consents");
  const { t: terms } = useTranslation("terms");
  const { day } = useWriting();
  const naming = useNaming();
  const lookup = useLookup();
  const { person: self } = useCitizen();
  const { person, state, permits, erased = false } = consent;
  const { procedures = [], recipients = [], personalData = [], controller, validUntil } = consent.terms ?? {};
  const agencies = recipients.map(naming.agency).join(", ");
  const isOwn = person.scheme === self.scheme && person.id === self.id;
  const isAsked = state === "ConsentRequested" || state === "ConsentRequestDeferred";
  return (
    <section className="card stack-tight">
      <div className="row row-apart">
        <h3>{procedures.map(naming.procedure).join(", ")}</h3>
        <Badge tone={toneOf(consent)}>{lookup(`consents:states.${state ?? ""}`, "")}</Badge>
      </div>
      {erased && <p>{t("erased")}</p>}
      <dl className="facts">
        {!isOwn && (
          <>
            <dt>{t("person")}</dt>
            <dd>{person.id}</dd>
          </>
        )}
        <dt>{t("whom")}</dt>
        <dd>{agencies}</dd>
        <dt>
          <Term name="category">{terms("category.word")}</Term>
        </dt>
        <dd>{naming.categories(personalData).join(", ")}</dd>
        {controller !== undefined && (
          <>
            <dt>{t("controller")}</dt>
            <dd>{naming.agency(controller)}</dd>
          </>
        )}
        {validUntil !== undefined && (
          <>
            <dt>{t("until")}</dt>
            <dd>{day(Date.parse(validUntil) / 1000)}</dd>
          </>
        )}
      </dl>
      {isAsked && <Answer {...props} />}
      {permits && (
        <div>
          <Ask
            label={t("withdraw")}
            question={t("withdrawAsk")}
            yes={t("withdrawYes")}
            isDisabled={isBusy}
            onYes={() => run({ kind: "withdraw", id: consent.id })}
          >
            <p>{t("withdrawWhy", { agency: agencies })}</p>
          </Ask>
        </div>
      )}
      <Disclosure title={t("history")}>
        <div className="stack-tight">
          <ConsentHistory consent={consent} />
          <Receipt id={consent.id} />
        </div>
      </Disclosure>
    </section>
  );
}

/** A request is answered for as long as it asks, at most a year. */
const LONGEST_DAYS = 365;

function Answer({ consent, catalogue, isBusy, run }: CardProps) {
  const { t, i18n } = useTranslation("consents");
  const now = useNow();
  const { id, terms } = consent;
  if (terms === undefined) return null;
  const validUntil = terms.validUntil ?? new Date((now + LONGEST_DAYS * 86_400) * 1000).toISOString();
  const [procedure = ""] = terms.procedures;
  return (
    <div className="row">
      {catalogue !== undefined && (
        <Ask
          weight="first"
          label={t("accept")}
          question={t("new.read")}
          yes={t("new.yes")}
          isDisabled={isBusy}
          onYes={() =>
            run({
              kind: "accept",
              id,
              language: i18n.language === "en" ? "en" : "vi",
              catalogue: catalogue.version,
              validUntil,
            })
          }
        >
          <Notice
            {...{ procedure, validUntil, recipients: terms.recipients, personalData: terms.personalData }}
            controller={terms.controller}
          />
        </Ask>
      )}
      <Button isDisabled={isBusy} onPress={() => run({ kind: "refuse", id })}>
        {t("refuse")}
      </Button>
      {consent.state === "ConsentRequested" && (
        <Button weight="quiet" isDisabled={isBusy} onPress={() => run({ kind: "defer", id })}>
          {t("defer")}
        </Button>
      )}
    </div>
  );
}

/** The consent as a file to keep, in the form that others can read too. */
function Receipt({ id }: { readonly id: string }) {
  const { t } = useTranslation("consents");
  const fetching = useMutation({
    mutationFn: async () => await fileAt(`/v1/consents/${encodeURIComponent(id)}/receipt`),
    onSuccess: (file) => download(file, "consent-receipt.jsonld"),
  });
  return (
    <div className="stack-tight">
      {fetching.error !== null && <Fault error={fetching.error} />}
      <Button weight="quiet" isDisabled={fetching.isPending} onPress={() => fetching.mutate()}>
        {t("receipt")}
      </Button>
    </div>
  );
}

function toneOf({ permits, state }: Consent): Tone {
  if (permits) return "good";
  return state === "ConsentRequested" || state === "ConsentRequestDeferred" ? "warn" : "quiet";
}
