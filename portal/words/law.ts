import { useTranslation } from "react-i18next";

/** How a law and its article are cited. */
export function useLawName(): (basis: {
  readonly law: string;
  readonly article?: string | undefined;
}) => string {
  const { t } = useTranslation();
  return ({ law, article }) => (article === undefined ? law : t("lawArticle", { law, article }));
}
