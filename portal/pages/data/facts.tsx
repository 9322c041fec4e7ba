import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Term, type TermName } from "../../parts/term.tsx";
import { useLawName } from "../../words/law.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { isByBothSides, type Item } from "./items.ts";
import { useAddressed } from "./whose.ts";

/** Everything that the person may see of an item. What an agency claims is said to be its claim. */
export function Facts({ item }: { readonly item: Item }) {
  const { t } = useTranslation("data");
  const { t: terms } = useTranslation("terms");
  const naming = useNaming();
  const lookup = useLookup();
  const context = useAddressed();
  const { entries, agency, provider, procedure } = item;
  const [{ facets, closure }] = entries;
  const { data, purpose, outcome, rule, consent, complaint, inspection } = facets;
  const lawName = useLawName();
  const law = purpose?.legalBasis;
  const actions = data && t(`actions.${data.action}`);
  return (
    <dl className="facts">
      <Fact label={t("labels.agency")}>
        {naming.agency(agency)} <span className="quiet">({t("labels.agencyCode", { code: agency })})</span>
      </Fact>
      {provider !== undefined && (
        <Fact label={t("labels.provider")}>
          {naming.agency(provider)} <span className="quiet">({t("labels.agencyCode", { code: provider })})</span>
        </Fact>
      )}
      {facets["agent.role"] !== undefined && (
        <Fact label={t("labels.role")} term="officialRole">
          {facets["agent.role"]}
        </Fact>
      )}
      {data !== undefined && (
        <Fact label={t("labels.categories")} term="category">
          {naming.categories(data.personalData).join(", ")} <span className="quiet">({actions})</span>
        </Fact>
      )}
      {procedure !== undefined && (
        <Fact label={t("labels.procedure")} term="procedure">
          {naming.procedure(procedure)} <span className="quiet">({t("labels.agencyCode", { code: procedure })})</span>
        </Fact>
      )}
      {purpose?.description !== undefined && <Fact label={t("labels.purpose")}>{purpose.description}</Fact>}
      {law !== undefined && (
        <Fact label={t("labels.claimedBasis")} term="legalBasis">
          {lawName(law)}
        </Fact>
      )}
      {facets.case !== undefined && <Fact label={t("labels.case")}>{facets.case}</Fact>}
      {outcome !== undefined && <Fact label={t("labels.outcome")}>{t(`outcomes.${outcome.code}`)}</Fact>}
      {rule !== undefined && (
        <Fact label={t("labels.rule")} term="rule">
          {rule.id} ({rule.version})
        </Fact>
      )}
      {rule?.inputs !== undefined && (
        <Fact label={t("labels.inputs")}>
          {Object.entries(rule.inputs)
            .map(([name, value]) => `${name}: ${String(value)}`)
            .join("; ")}
        </Fact>
      )}
      {consent !== undefined && <ConsentFacts consent={consent} />}
      {complaint?.text !== undefined && <Fact label={t("labels.note")}>{complaint.text}</Fact>}
      {inspection !== undefined && <Fact label={t("labels.authority")}>{naming.agency(inspection.authority)}</Fact>}
      {inspection?.finding !== undefined && (
        <Fact label={terms("finding.word")} term="finding">
          {lookup(`data:findings.${inspection.finding.id.split(":")[0] ?? ""}`, t("findings.other"), context)} (
          {lookup(`data:findingStates.${inspection.finding.state}`, inspection.finding.state)})
        </Fact>
      )}
      {inspection?.note !== undefined && <Fact label={t("labels.note")}>{inspection.note}</Fact>}
      {closure !== undefined && <ClosureFacts item={item} />}
      <RecordedBy item={item} />
    </dl>
  );
}

function ClosureFacts({ item: { entries } }: { readonly item: Item }) {
  const { t } = useTranslation("data");
  const { day } = useWriting();
  const naming = useNaming();
  const lawName = useLawName();
  const [{ closure }] = entries;
  if (closure === undefined) return null;
  const { kind, authority, until, law, reason } = closure;
  return (
    <>
      <Fact label={t("labels.authority")} term={kind === "seal" ? "sealed" : "erased"}>
        {naming.agency(authority)}
      </Fact>
      {until !== undefined && <Fact label={t("labels.until")}>{day(Date.parse(until) / 1000)}</Fact>}
      {law !== undefined && <Fact label={t("labels.law")}>{lawName(law)}</Fact>}
      {reason !== undefined && <Fact label={t("labels.reason")}>{reason}</Fact>}
    </>
  );
}

function ConsentFacts({ consent }: { readonly consent: NonNullable<Item["entries"][0]["facets"]["consent"]> }) {
  const { t } = useTranslation("data");
  const { day } = useWriting();
  const naming = useNaming();
  const { recipients, personalData, procedures, validUntil } = consent;
  return (
    <>
      {recipients !== undefined && <Fact label={t("labels.agency")}>{recipients.map(naming.agency).join(", ")}</Fact>}
      {personalData !== undefined && (
        <Fact label={t("labels.categories")} term="category">
          {naming.categories(personalData).join(", ")}
        </Fact>
      )}
      {procedures !== undefined && (
        <Fact label={t("labels.procedure")} term="procedure">
          {procedures.map(naming.procedure).join(", ")}
        </Fact>
      )}
      {validUntil !== undefined && <Fact label={t("labels.until")}>{day(Date.parse(validUntil) / 1000)}</Fact>}
    </>
  );
}

function RecordedBy({ item }: { readonly item: Item }) {
  const { t } = useTranslation("data");
  const naming = useNaming();
  const isBoth = isByBothSides(item);
  const recorders = [...new Set(item.entries.map(({ agency }) => naming.agency(agency)))].join(", ");
  return (
    <>
      <Fact label={t("labels.recordedBy")}>
        {recorders}
        {isBoth !== undefined && (
          <>
            {" ("}
            <Term name="bothSides">{t(isBoth ? "labels.bothSides" : "labels.oneSide")}</Term>
            {")"}
          </>
        )}
      </Fact>
      <Fact label={t("labels.place")}>
        {item.entries.map(({ index }) => `#${index}`).join(", ")}
      </Fact>
    </>
  );
}

function Fact({ label, term, children }: { readonly label: string; readonly term?: TermName; readonly children: ReactNode }) {
  return (
    <>
      <dt>{term === undefined ? label : <Term name={term}>{label}</Term>}</dt>
      <dd>{children}</dd>
    </>
  );
}
