import "./data.css";

import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { useCitizen } from "../../api/session.ts";
import { useUses } from "../../api/uses.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Empty, Failed, Loading, Progress } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import type { CheckedStatement } from "../../verify/messages.ts";
import { isProven, usePin } from "../../verify/pin.ts";
import { useStatement, useStep } from "../../verify/statement.ts";
import { useWriting } from "../../words/moments.ts";
import { download, statementName } from "../../parts/download.ts";
import { SomeUnknown } from "./allowed.tsx";
import { askedAbout, sayable, unknownWhy } from "./asked-about.ts";
import { EVERYTHING, filtered } from "./filter.ts";
import { Filters, type View } from "./filters.tsx";
import { itemsOf } from "./items.ts";
import { Proof } from "./proof.tsx";
import { useTextOf } from "./texts.ts";
import { Timeline } from "./timeline.tsx";
import { AddressedContext, useAddressed, useAddressedFor, useWhose } from "./whose.ts";
import { WhoseSelect } from "./whose-select.tsx";
import { Year } from "./year.tsx";

/** My data: who used it, whether they were allowed to, and the proof that the list is whole. */
export default function Data() {
  const { t } = useTranslation("data");
  const { t: terms } = useTranslation("terms");
  const [person, setPerson] = useWhose();
  const statement = useStatement(person);
  const { data, error, isFetching } = statement;
  const context = useAddressedFor(person);
  return (
    <div className="stack">
      <title>{`${t("title", { context })} · Minh Bạch`}</title>
      <h1>{t("title", { context })}</h1>
      <p>
        {t("lead", { context })} {t("called")} <Term name="statement">{terms("statement.word").toLowerCase()}</Term>.
      </p>
      <WhoseSelect value={person} onChange={setPerson} />
      {isFetching && <UnderWay />}
      {error !== null && !isFetching && <Failed error={error} again={() => void statement.refetch()} />}
      {data !== undefined && !isFetching && (
        <AddressedContext value={context}>
          <Statement key={data.digest} statement={data} again={() => void statement.refetch()} />
        </AddressedContext>
      )}
    </div>
  );
}

function UnderWay() {
  const { t } = useTranslation("data");
  const { count } = useWriting();
  const step = useStep();
  const label =
    step.kind === "verifying" ? t("verifying") : t("fetching", { size: count(Math.round(step.bytes / 1000)) });
  return (
    <div role="status">
      <Progress label={label} share={step.kind === "verifying" ? 0.8 : undefined} />
    </div>
  );
}

function Statement({ statement, again }: { readonly statement: CheckedStatement; readonly again: () => void }) {
  const { t } = useTranslation("data");
  const { person } = useCitizen();
  const { verdict, entries, file, comparedWith } = statement;
  const pin = usePin(comparedWith);
  const context = useAddressed();
  const isBad = verdict === "invalid";
  const [isShown, setIsShown] = useState(!isBad);
  return (
    <>
      <Proof statement={statement} pin={pin} />
      <div className="row">
        <Button onPress={() => download(file, statementName(new Date()))}>
          <Icon name="download" />
          {t("download")}
        </Button>
        <ButtonLink href="/my-data/print">
          <Icon name="print" />
          {t("print")}
        </ButtonLink>
        <Button weight="quiet" onPress={again}>
          {t("again")}
        </Button>
      </div>
      {!isShown ? (
        <Notice tone="quiet" title={t("hidden")}>
          <p>{t("hiddenWhy")}</p>
          <p>
            <Button weight="grave" onPress={() => setIsShown(true)}>
              {t("showAnyway")}
            </Button>
          </p>
        </Notice>
      ) : entries.length === 0 ? (
        <Empty icon={isProven(statement, pin) ? "check" : "warning"} title={t("none")}>
          <p>{isProven(statement, pin) ? t("noneWhy", { context }) : t("noneUnproven")}</p>
        </Empty>
      ) : (
        <Entries key={person.id} statement={statement} />
      )}
    </>
  );
}

function Entries({ statement: { entries } }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("data");
  const items = useMemo(() => itemsOf(entries), [entries]);
  const indexes = useMemo(() => askedAbout(entries), [entries]);
  const uses = useUses(indexes);
  const textOf = useTextOf();
  const [view, setView] = useState<View>({ filter: EVERYTHING, grouping: "time" });
  const shown = filtered(items, view.filter, { textOf, answers: uses.answers });
  const why = unknownWhy(entries, uses);
  const said = sayable(shown.length, view.filter, { isPending: uses.isPending, isUnknown: why !== undefined });
  return (
    <>
      <Year items={items} />
      <Filters items={items} shown={shown.length} view={view} onChange={setView} />
      <SomeUnknown why={why} />
      {said === "waiting" && <Loading what={t("allowed.waiting")} />}
      {said === "list" && (
        <Timeline key={JSON.stringify(view)} items={shown} grouping={view.grouping} uses={uses} />
      )}
    </>
  );
}
