import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useCatalogue } from "../../api/catalogue.ts";
import type { GivenAnswer } from "../../api/inbox.ts";
import { Button } from "../../parts/button.tsx";
import { OneOf } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { useNaming } from "../../words/naming.ts";

type Correction = NonNullable<GivenAnswer["correction"]>;

const MAX_VALUE = 1000;
const MAX_NOTE = 2000;

/** What is wrong in what the agency has, and what it should be. */
export function CorrectionForm(props: {
  readonly procedure: string;
  readonly isBusy: boolean;
  readonly onSend: (correction: Correction) => void;
}) {
  const { procedure, isBusy, onSend } = props;
  const { t } = useTranslation("inbox");
  const naming = useNaming();
  const { data } = useCatalogue();
  const [category, setCategory] = useState<string | null>(null);
  const [value, setValue] = useState("");
  const [note, setNote] = useState("");
  const known = data?.procedures.find(({ code }) => code === procedure);
  const categories = [...new Set(known?.providers.flatMap(({ personalData }) => personalData))];
  const send = (): void => {
    if (category === null) return;
    onSend({
      category,
      ...(value.trim() !== "" && { value: value.trim() }),
      ...(note.trim() !== "" && { note: note.trim() }),
    });
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <h3>{t("correction.title")}</h3>
      <OneOf
        label={t("correction.category")}
        value={category}
        choices={categories.map((code) => ({ value: code, name: naming.categories([code]).join() }))}
        onChange={setCategory}
      />
      <Field label={t("correction.value")} value={value} maxLength={MAX_VALUE} onChange={setValue} />
      <Field isLong label={t("correction.note")} value={note} maxLength={MAX_NOTE} onChange={setNote} />
      <div>
        <Button type="submit" weight="first" isDisabled={isBusy || category === null}>
          {t("correction.send")}
        </Button>
      </div>
    </form>
  );
}
