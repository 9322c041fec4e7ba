import { useTranslation } from "react-i18next";

import type { UseAnswer, Uses } from "../../api/uses.ts";
import { Badge, Notice } from "../../parts/notice.tsx";
import { Term } from "../../parts/term.tsx";
import { useLawName } from "../../words/law.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { ASKED_ABOUT, type unknownWhy } from "./asked-about.ts";
import { indexesOf, type Item } from "./items.ts";
import { useAddressed } from "./whose.ts";

/** What is known about an item: of the two records of an exchange, the answer about the one that says more. */
export function answerOf(item: Item, { answers }: Uses): UseAnswer | undefined {
  const known = indexesOf(item).flatMap((index) => answers.get(index) ?? []);
  return (
    known.find(({ answer }) => answer === "finding") ??
    known.find(({ answer }) => answer === "allowed") ??
    known[0]
  );
}

/** Whether there is anything to ask: people's own acts and closed entries are no uses of data. */
export function isUse({ kind }: Item): boolean {
  return kind === "use" || kind === "act" || kind === "look";
}

/** In a word or two, for the list. */
export function AllowedBadge({ item, uses }: { readonly item: Item; readonly uses: Uses }) {
  const { t } = useTranslation("data");
  if (!isUse(item)) return null;
  const use = answerOf(item, uses);
  if (use === undefined) return uses.isPending ? <Badge tone="quiet" icon="clock">{t("allowed.waiting")}</Badge> : null;
  if (use.answer === "finding") return <Badge tone={isSettled(use) ? "warn" : "bad"} icon="warning">{t("allowed.finding")}</Badge>;
  if (use.answer === "allowed") return <Badge tone="good">{t("allowed.yes")}</Badge>;
  return <Badge tone="quiet" icon="question">{t("allowed.not-judged")}</Badge>;
}

function isSettled({ findings }: UseAnswer): boolean {
  return findings.every(({ state }) => state === "dismissed" || state === "settled");
}

/** The whole answer, with its reasons. */
export function Allowed({ item, uses }: { readonly item: Item; readonly uses: Uses }) {
  const { t } = useTranslation("data");
  const { t: terms } = useTranslation("terms");
  const lookup = useLookup();
  const context = useAddressed();
  if (!isUse(item)) return null;
  const use = answerOf(item, uses);
  return (
    <section className="allowed stack-tight">
      <h4>{t("allowed.title")}</h4>
      {use === undefined ? (
        <p>{t(uses.isPending ? "allowed.waiting" : "allowed.unknown")}</p>
      ) : (
        <>
          <p className="row">
            <AllowedBadge item={item} uses={uses} /> <Basis use={use} />
          </p>
          {use.reason !== undefined && <p>{lookup(`data:allowed.reasons.${use.reason}`, use.reason)}</p>}
          {use.findings.length > 0 && (
            <ul>
              {use.findings.map(({ id, kind, state }) => (
                <li key={id}>
                  {lookup(`data:findings.${kind}`, t("findings.other"), context)}{" "}
                  <span className="quiet">
                    (<Term name="finding">{terms("finding.word")}</Term>: {t(`findingStates.${state}`)})
                  </span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

/** Says that a problem may not be shown, and why. */
export function SomeUnknown({ why }: { readonly why: ReturnType<typeof unknownWhy> }) {
  const { t } = useTranslation("data");
  const { count } = useWriting();
  if (why === undefined) return null;
  return (
    <Notice tone="warn" live icon="question" title={t("allowed.someUnknown")}>
      <p>{why === "failed" ? t("allowed.unknown") : t("allowed.someNotAsked", { asked: count(ASKED_ABOUT) })}</p>
    </Notice>
  );
}

function Basis({ use: { basis } }: { readonly use: UseAnswer }) {
  const { t } = useTranslation("data");
  const lawName = useLawName();
  const context = useAddressed();
  if (basis === undefined) return null;
  const { law, article, consent, ledger } = basis;
  return (
    <>
      {law !== undefined && (
        <Term name="legalBasis">{t("allowed.byLaw", { law: lawName({ law, article }) })}</Term>
      )}
      {consent !== undefined && <Term name="consent">{t("allowed.byConsent", { context })}</Term>}
      {ledger !== undefined && <span>{t("allowed.byLedger")}</span>}
    </>
  );
}
