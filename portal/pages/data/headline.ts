import { useTranslation } from "react-i18next";

import type { IconName } from "../../parts/icon.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useNaming } from "../../words/naming.ts";
import type { Item, ItemKind } from "./items.ts";
import { useAddressed } from "./whose.ts";

export const KIND_ICONS: Readonly<Record<ItemKind, IconName>> = {
  use: "eye",
  act: "act",
  look: "inspect",
  consent: "consent",
  mandate: "people",
  complaint: "complaint",
  inspection: "inspect",
  sealed: "lock",
  erased: "eraser",
  other: "info",
};

/** What happened, in one sentence. */
export function useHeadline(): (item: Item) => string {
  const { t } = useTranslation("data");
  const naming = useNaming();
  const lookup = useLookup();
  const context = useAddressed();
  return (item) => {
    const { kind, provider, entries } = item;
    const { facets } = entries[0];
    const agency = naming.agency(item.agency);
    const { outcome, consent, mandate, complaint, inspection } = facets;
    if (kind === "use") {
      if (outcome?.code === "refused" || outcome?.code === "failure") return t("headline.refused", { agency, context });
      if (provider === undefined || provider === item.agency) return t("headline.use", { agency, context });
      return t("headline.useOf", { agency, provider: naming.agency(provider), context });
    }
    if (kind === "look") return t("headline.look", { role: facets["agent.role"] ?? agency, context });
    const state = (area: string, of: string | undefined): string => lookup(`${area}.${of ?? ""}`, of ?? "", context);
    switch (kind) {
      case "consent":
        return t("headline.consent", { state: state("consents:states", consent?.state) });
      case "mandate":
        return t("headline.mandate", { state: state("data:mandateStates", mandate?.state) });
      case "complaint":
        return t("headline.complaint", { state: state("complaints:states", complaint?.state) });
      case "inspection":
        return t("headline.inspection", { state: state("data:inspectionStates", inspection?.state) });
      case "act":
        return t("headline.act", { agency, context });
      default:
        return t(`headline.${kind}`, { agency });
    }
  };
}
