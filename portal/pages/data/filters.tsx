import { useTranslation } from "react-i18next";

import { Button } from "../../parts/button.tsx";
import { Check } from "../../parts/choice.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Field } from "../../parts/field.tsx";
import { type Choice, Select } from "../../parts/select.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { EVERYTHING, type Filter, isNarrow, yearOf } from "./filter.ts";
import { type Item, ITEM_KINDS } from "./items.ts";
import { useAddressed } from "./whose.ts";

export const GROUPINGS = ["time", "agency", "procedure"] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface View {
  readonly filter: Filter;
  readonly grouping: Grouping;
}

/** What to see of the list, and in which order. */
export function Filters(props: {
  readonly items: readonly Item[];
  readonly shown: number;
  readonly view: View;
  readonly onChange: (view: View) => void;
}) {
  const { items, shown, view, onChange } = props;
  const { filter, grouping } = view;
  const { t } = useTranslation("data");
  const naming = useNaming();
  const context = useAddressed();
  const look = useLookup();
  const { count } = useWriting();
  const entries = items.reduce((sum, item) => sum + item.entries.length, 0);
  const set = (changes: Partial<Filter>): void => onChange({ ...view, filter: { ...filter, ...changes } });
  const all: Choice<"all"> = { id: "all", name: t("filter.all") };
  const kinds = ITEM_KINDS.filter((kind) => items.some((item) => item.kind === kind));
  const codes = (of: (item: Item) => string | undefined): string[] => [
    ...new Set(items.map(of).filter((code) => code !== undefined)),
  ];
  return (
    <section className="card stack-tight" aria-label={t("filter.title")}>
      <Field
        label={t("filter.words")}
        hint={t("filter.wordsHint")}
        value={filter.words}
        onChange={(words) => set({ words })}
      />
      <Disclosure title={t("filter.title")}>
        <div className="filters">
          <Select
            label={t("filter.kind")}
            value={filter.kind}
            choices={[all, ...kinds.map((id) => ({ id, name: look(`data:kinds.${id}`, id, context) }))]}
            onChange={(kind) => set({ kind })}
          />
          <Select
            label={t("filter.agency")}
            value={filter.agency}
            choices={[all, ...codes(({ agency }) => agency).map((id) => ({ id, name: naming.agency(id) }))]}
            onChange={(agency) => set({ agency })}
          />
          <Select
            label={t("filter.procedure")}
            value={filter.procedure}
            choices={[all, ...codes(({ procedure }) => procedure).map((id) => ({ id, name: naming.procedure(id) }))]}
            onChange={(procedure) => set({ procedure })}
          />
          <Select
            label={t("filter.year")}
            value={filter.year}
            choices={[all, ...[...new Set(items.map(yearOf))].map((id) => ({ id, name: String(id) }))]}
            onChange={(year) => set({ year })}
          />
          <Select
            label={t("filter.group")}
            value={grouping}
            choices={GROUPINGS.map((id) => ({ id, name: t(`filter.groups.${id}`) }))}
            onChange={(next) => onChange({ ...view, grouping: next })}
          />
          <Check isSelected={filter.onlyFindings} onChange={(onlyFindings) => set({ onlyFindings })}>
            {t("filter.onlyFindings")}
          </Check>
        </div>
      </Disclosure>
      <div className="row">
        <p role="status">{t("filter.shown", { count: shown, all: items.length })}</p>
        {isNarrow(filter) && (
          <Button weight="quiet" onPress={() => onChange({ ...view, filter: EVERYTHING })}>
            {t("filter.clear")}
          </Button>
        )}
      </div>
      {entries > items.length && <p className="quiet small">{t("filter.joined", { number: count(entries) })}</p>}
    </section>
  );
}
