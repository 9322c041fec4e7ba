import { useTranslation } from "react-i18next";

import { changeLanguage } from "../words/i18n.ts";
import { Button } from "./button.tsx";

/** The sign of the portal. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path
        d="M7 24V9.5l9 8 9-8V24"
        fill="none"
        stroke="var(--accent-text)"
        strokeWidth="3.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** Changes to the other language. */
export function LanguageButton() {
  const { t, i18n } = useTranslation();
  const other = i18n.language === "en" ? "vi" : "en";
  return (
    <Button weight="quiet" onPress={() => void changeLanguage(other)}>
      <span lang={other}>{t("otherLanguage")}</span>
    </Button>
  );
}
