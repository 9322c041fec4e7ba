import { useTranslation } from "react-i18next";

import { Term, type TermName } from "../../parts/term.tsx";

/** A word of the matter where it stands in no sentence: what it means is asked for. */
export function WhatIs({ name }: { readonly name: TermName }) {
  const { t } = useTranslation("duties");
  const { t: terms } = useTranslation("terms");
  return <Term name={name}>{t("whatIs", { word: terms(`${name}.word`) })}</Term>;
}
