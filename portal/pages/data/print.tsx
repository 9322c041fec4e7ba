import "./print.css";

import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { type Uses, useUses } from "../../api/uses.ts";
import { useNow } from "../../app/now.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { OTHERS_STATEMENT, OWN_STATEMENT, useCheckWord } from "../../parts/check.tsx";
import { Failed, Loading } from "../../parts/states.tsx";
import type { CheckedStatement, PersonNumber } from "../../verify/messages.ts";
import { Explained } from "../../parts/term.tsx";
import { isProven, isVerified, shortened, usePin } from "../../verify/pin.ts";
import { useStatement } from "../../verify/statement.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { answerOf, isUse, SomeUnknown } from "./allowed.tsx";
import { askedAbout, unknownWhy } from "./asked-about.ts";
import { useHeadline } from "./headline.ts";
import { type Item, itemsOf } from "./items.ts";
import { QrCode } from "./qr-code.tsx";
import { verifyAddress } from "./verify-address.ts";
import { AddressedContext, useAddressed, useAddressedFor, useWhose } from "./whose.ts";

/** The statement on paper, with a code that leads to the verify page and names the file. */
export default function Print() {
  const { t } = useTranslation("data");
  const [person] = useWhose();
  const { data, error, isFetching, refetch } = useStatement(person);
  const addressed = useAddressedFor(person);
  return (
    <div className="stack printed">
      <title>{`${t("printed.title")} · Minh Bạch`}</title>
      {isFetching && <Loading what={t("verifying")} />}
      {error !== null && !isFetching && <Failed error={error} again={() => void refetch()} />}
      {data !== undefined && !isFetching && (
        <AddressedContext value={addressed}>
          <Paper statement={data} person={person} />
        </AddressedContext>
      )}
    </div>
  );
}

function Paper({ statement, person }: { readonly statement: CheckedStatement; readonly person: PersonNumber }) {
  const { t } = useTranslation("data");
  const { moment, count } = useWriting();
  const { t: said } = useTranslation("checks");
  const lookup = useLookup();
  const wordOf = useCheckWord(useAddressed() === "self" ? OWN_STATEMENT : OTHERS_STATEMENT);
  const now = useNow();
  const { verdict, checks, entries, digest, fixedAt, comparedWith } = statement;
  const pin = usePin(comparedWith);
  const { before } = pin;
  const isGood = isProven(statement, pin);
  const faults = checks.filter(({ status }) => status !== "passed");
  return (
    <>
      <div className="row no-print">
        <Button weight="first" onPress={() => window.print()}>
          {t("printed.print")}
        </Button>
        <ButtonLink href="/my-data">{t("printed.back")}</ButtonLink>
      </div>
      <div className="printed-head">
        <div className="stack-tight">
          <h1>{t("printed.title")}</h1>
          <p>
            {t("printed.person")}: <strong>{person.id}</strong> ({lookup(`names:schemes.${person.scheme}`, person.scheme)})
          </p>
          <p>
            {t("printed.made")}: {moment(now)}
          </p>
          <h2>{t("printed.checked")}</h2>
          {before !== undefined && (
            <>
              <p>
                <strong>{t("proof.pinned")}</strong>
              </p>
              <p>{t("proof.pinnedWhy", { before: shortened(before), now: shortened(comparedWith?.identity ?? "") })}</p>
            </>
          )}
          {(isGood || !isVerified(verdict)) && (
            <p>
              <strong>{t(isGood ? "proof.good" : verdict === "invalid" ? "proof.invalid" : "proof.incomplete")}</strong>
            </p>
          )}
          {isGood && <p><Explained text={t("proof.goodWhy", { entries: count(entries.length), time: moment(fixedAt ?? 0) })} /></p>}
          {comparedWith?.environment === "embedded" && <p>{t("proof.trial")}</p>}
          {faults.map((check) => (
            <p key={check.id}>
              {said(`status.${check.status}`)}: {wordOf(check, "title")}
            </p>
          ))}
          {!isGood && (
            <p className="no-print quiet small">
              <Explained text={t("printed.words")} />
            </p>
          )}
        </div>
        <figure className="stack-tight">
          <QrCode text={verifyAddress(location.origin, digest)} label={t("printed.scan")} />
          <figcaption className="small">{t("printed.scan")}</figcaption>
        </figure>
      </div>
      <p className="small">
        <Explained text={t("printed.digest")} />: <code>{digest}</code>
      </p>
      {verdict === "invalid" ? <p>{t("printed.hiddenWhy")}</p> : <Lines statement={statement} />}
    </>
  );
}

/** What is on the list, and whether it was allowed. */
function Lines({ statement: { entries } }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("data");
  const items = useMemo(() => itemsOf(entries), [entries]);
  const indexes = useMemo(() => askedAbout(entries), [entries]);
  const uses = useUses(indexes);
  return (
    <>
      {uses.isPending && <Loading what={t("allowed.waiting")} />}
      <SomeUnknown why={unknownWhy(entries, uses)} />
      <table className="printed-list">
        <thead>
          <tr>
            <th scope="col">{t("printed.columns.when")}</th>
            <th scope="col">{t("printed.columns.what")}</th>
            <th scope="col">{t("printed.columns.data")}</th>
            <th scope="col">{t("printed.columns.allowed")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <Line key={item.key} item={item} uses={uses} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Line({ item, uses }: { readonly item: Item; readonly uses: Uses }) {
  const { t } = useTranslation("data");
  const { moment } = useWriting();
  const naming = useNaming();
  const headline = useHeadline();
  const { when, isAbout, entries, procedure } = item;
  const { data, case: matter } = entries[0].facets;
  const answer = isUse(item) ? answerOf(item, uses)?.answer : undefined;
  const details = [
    naming.categories(data?.personalData ?? []).join(", "),
    procedure === undefined ? "" : naming.procedure(procedure),
    matter ?? "",
  ];
  return (
    <tr>
      <td>
        {isAbout && `${t("labels.about")} `}
        {moment(when)}
      </td>
      <td>
        {headline(item)} <span className="quiet">{entries.map(({ index }) => `#${index}`).join(", ")}</span>
      </td>
      <td>{details.filter((detail) => detail !== "").join(" · ")}</td>
      <td>{answer !== undefined && t(answer === "allowed" ? "allowed.yes" : `allowed.${answer}`)}</td>
    </tr>
  );
}
