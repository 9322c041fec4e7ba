import { useTranslation } from "react-i18next";

import { type Mandate, useMandates } from "../../api/mandates.ts";
import { useCitizen } from "../../api/session.ts";
import { Fault } from "../../parts/fault.tsx";
import { Select } from "../../parts/select.tsx";
import { Term } from "../../parts/term.tsx";
import type { PersonNumber } from "../../verify/messages.ts";
import { useAddressedFor } from "./whose.ts";

/** Whose data to look at: one's own, or that of somebody one represents in everything. There is nothing to choose for most. */
export function WhoseSelect({ value, onChange }: { readonly value: PersonNumber; readonly onChange: (person: PersonNumber) => void }) {
  const { t } = useTranslation("data");
  const { t: terms } = useTranslation("terms");
  const { person: self } = useCitizen();
  const context = useAddressedFor(value);
  const { data, error } = useMandates();
  if (data === undefined && error !== null)
    return (
      <div className="stack-tight">
        <Fault error={error} />
        <p>{t("whoseUnknown", { context })}</p>
      </div>
    );
  const mandates = data?.iRepresent.filter(({ everything }) => everything) ?? [];
  const people = [{ person: self, name: t("me") }, ...mandates.map((mandate) => ({ person: mandate.person, name: t(nameOf(mandate), { id: mandate.person.id }) }))];
  // A right that ended since leaves the way back to one's own.
  if (!people.some(({ person }) => keyOf(person) === keyOf(value))) people.push({ person: value, name: value.id });
  if (people.length === 1) return null;
  const choices = people.map(({ person, name }) => ({ id: keyOf(person), name }));
  return (
    <div className="stack-tight">
      <Select
        label={t("whose")}
        value={keyOf(value)}
        choices={choices}
        onChange={(key) => onChange(people.find(({ person }) => keyOf(person) === key)?.person ?? self)}
      />
      <p className="quiet small">
        {t("whoseWhy")} <Term name="mandate">{terms("mandate.word").toLowerCase()}</Term>.
      </p>
    </div>
  );
}

function keyOf({ scheme, id }: PersonNumber): string {
  return `${scheme}:${id}`;
}

function nameOf({ basis }: Mandate): "child" | "ward" {
  return basis === "parent" ? "child" : "ward";
}
