import { useTranslation } from "react-i18next";

/** Until the page itself is there: how anybody verifies a file with the command. */
export function VerifyPage() {
  const { t } = useTranslation("verify");
  return (
    <main className="shell-main stack">
      <title>{t("title")}</title>
      <h1>{t("title")}</h1>
      <section className="card stack-tight">
        <h2>{t("soon")}</h2>
        <p>{t("how")}</p>
        <pre>
          <code lang="en">npx minhbach verify statement.json --trust trust.json</code>
        </pre>
      </section>
      <p>
        <a href="/portal/">{t("toPortal")}</a>
      </p>
    </main>
  );
}
