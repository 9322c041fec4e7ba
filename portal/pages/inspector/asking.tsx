import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { useCatalogue } from "../../api/catalogue.ts";
import type { SearchFilter } from "../../api/inspection.ts";
import { Button } from "../../parts/button.tsx";
import { Check } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { type Choice, Select } from "../../parts/select.tsx";
import { useNaming } from "../../words/naming.ts";
import {
  ANY,
  asFilter,
  type Asked,
  FINDING_KINDS,
  FINDING_STATES,
  NOTHING_ASKED,
  officialIdOf,
  OUTCOMES,
  TYPES,
} from "./asked.ts";
import { DayField } from "./day-field.tsx";

/** What is to be searched for. */
export function Asking({ onSearch }: { readonly onSearch: (filter: SearchFilter) => void }) {
  const { t } = useTranslation("oversight");
  const [asked, setAsked] = useState<Asked>(NOTHING_ASKED);
  const [isSent, setIsSent] = useState(false);
  const set = (change: Partial<Asked>): void => setAsked({ ...asked, ...change });
  const lacksSystem =
    asked.official.trim() !== "" && officialIdOf(asked.system, asked.official) === undefined;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setIsSent(true);
    if (!lacksSystem) onSearch(asFilter(asked));
  };
  const { agencies, procedures } = useListed();
  const any: Choice<typeof ANY> = { id: ANY, name: t("search.any") };
  return (
    <form className="card stack" onSubmit={submit} noValidate>
      <div className="fields">
        <Select
          label={t("search.agency")}
          value={asked.agency}
          choices={[any, ...agencies]}
          onChange={(agency) => set({ agency })}
        />
        <Select
          label={t("search.procedure")}
          value={asked.procedure}
          choices={[any, ...procedures]}
          onChange={(procedure) => set({ procedure })}
        />
        <Field
          label={t("search.case")}
          value={asked.case}
          maxLength={128}
          onChange={(value) => set({ case: value })}
        />
        <Select
          label={t("search.type")}
          value={asked.type}
          choices={[any, ...TYPES.map((id) => ({ id, name: t(`search.types.${id}`) }))]}
          onChange={(type) => set({ type })}
        />
        <Select
          label={t("search.outcome")}
          value={asked.outcome}
          choices={[any, ...OUTCOMES.map((id) => ({ id, name: t(`search.outcomes.${id}`) }))]}
          onChange={(outcome) => set({ outcome })}
        />
        <Select
          label={t("search.finding")}
          value={asked.kind}
          choices={[
            { id: ANY, name: t("search.findingAny") },
            ...FINDING_KINDS.map((id) => ({ id, name: t(`kinds.${id}`) })),
          ]}
          onChange={(kind) => set({ kind })}
        />
        <Select
          label={t("search.findingState")}
          value={asked.state}
          choices={[any, ...FINDING_STATES.map((id) => ({ id, name: t(`states.${id}`) }))]}
          onChange={(state) => set({ state })}
        />
        <DayField label={t("search.from")} value={asked.from} onChange={(from) => set({ from })} />
        <DayField label={t("search.to")} value={asked.to} onChange={(to) => set({ to })} />
        <Field
          label={t("search.official")}
          hint={t("search.officialHint")}
          value={asked.official}
          maxLength={128}
          onChange={(official) => set({ official })}
        />
        <Field
          label={t("search.system")}
          hint={t("search.systemHint")}
          value={asked.system}
          onChange={(system) => set({ system })}
          fault={isSent && lacksSystem ? t("search.systemMissing") : undefined}
        />
      </div>
      <Check isSelected={asked.emergency} onChange={(emergency) => set({ emergency })}>
        {t("search.emergency")}
      </Check>
      <div>
        <Button weight="first" type="submit">
          {t("search.submit")}
        </Button>
      </div>
    </form>
  );
}

/** The agencies and procedures of the catalogue, by name. */
function useListed(): {
  readonly agencies: readonly Choice<string>[];
  readonly procedures: readonly Choice<string>[];
} {
  const { data } = useCatalogue();
  const naming = useNaming();
  const listed = (codes: readonly string[], nameOf: (code: string) => string): readonly Choice<string>[] =>
    codes.map((id) => ({ id, name: nameOf(id) })).sort((a, b) => a.name.localeCompare(b.name));
  return {
    agencies: listed(Object.keys(data?.members ?? {}), naming.agency),
    procedures: listed(data?.procedures.map(({ code }) => code) ?? [], naming.procedure),
  };
}
