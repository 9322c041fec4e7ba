import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

import { parseLogId } from "../../../protocol/log-id.ts";
import { Button } from "../../parts/button.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Explained } from "../../parts/term.tsx";
import type { Entry } from "../../verify/entries.ts";
import type { Proven, ProvenPart } from "../../verify/file-messages.ts";
import { useWriting } from "../../words/moments.ts";
import { Facts } from "../data/facts.tsx";
import { KIND_ICONS, useHeadline } from "../data/headline.ts";
import { type Item, itemsOf } from "../data/items.ts";

/** How many entries are shown at first, and then each time. */
const AT_ONCE = 25;

type Of<K extends Proven["kind"]> = { readonly proven: Extract<Proven, { kind: K }> };

/** What a good verdict proves, in words. */
export function ProvenParts({ proven }: { readonly proven: Proven }) {
  const { t } = useTranslation("verify");
  return (
    <section className="card stack" aria-labelledby="proven-title">
      <h2 id="proven-title">{t("proven.title")}</h2>
      <Parts proven={proven} />
    </section>
  );
}

function Parts({ proven }: { readonly proven: Proven }) {
  switch (proven.kind) {
    case "statement":
      return <OfStatement proven={proven} />;
    case "gathered":
      return proven.parts.map((part, at) => <OfPart key={at} part={part} />);
    case "evidence":
      return <OfEvidence proven={proven} />;
    case "bundle":
      return <OfBundle proven={proven} />;
    case "accusation":
      return <OfAccusation proven={proven} />;
    case "breach":
      return <OfBreach proven={proven} />;
    case "receipt":
      return <OfReceipt proven={proven} />;
  }
}

function OfStatement({ proven: { claim, lists, entries } }: Of<"statement">) {
  const { t } = useTranslation("verify");
  const { moment, count } = useWriting();
  return (
    <>
      <dl className="facts">
        {lists.map((list) => (
          <Fact key={`${list.kind} ${list.id}`} label={t("proven.of")}>
            {t(`proven.ofKinds.${list.kind}`, { id: list.id })}: {t("proven.listed", { count: list.count })}
            {list.since > 0 && <> ({t("proven.since", { count: list.since })})</>}
          </Fact>
        ))}
        <Fact label={t("proven.upTo")}>
          {t("proven.upToIs", { time: moment(claim.anchor.time), horizon: count(claim.horizon) })}
        </Fact>
        <Log log={claim.log} />
      </dl>
      {entries.length === 0 ? <p>{t("proven.noEntries")}</p> : <Entries entries={entries} />}
    </>
  );
}

function OfPart({ part: { log, verdict, statement } }: { readonly part: ProvenPart }) {
  const { t } = useTranslation("verify");
  const { logId } = parseLogId(log);
  return (
    <section className="stack">
      <h3>{t("proven.part", { log: logId })}</h3>
      {statement === null ? (
        <p>{t(verdict === "invalid" ? "proven.partBad" : "proven.partOpen")}</p>
      ) : (
        <OfStatement proven={statement} />
      )}
    </section>
  );
}

function OfEvidence({ proven: { claim, entries } }: Of<"evidence">) {
  const { t } = useTranslation("verify");
  const { moment } = useWriting();
  return (
    <>
      <Entries entries={entries} isOpen />
      <dl className="facts">
        <Fixed anchor={claim.anchor} />
        <Fact label={t("proven.signed")}>{moment(claim.signedAt)}</Fact>
        {claim.closedDigests > 0 && (
          <Fact label={t("proven.closed")}>{t("proven.closedIs", { count: claim.closedDigests })}</Fact>
        )}
        <Log log={claim.log} />
      </dl>
    </>
  );
}

function OfBundle({ proven: { claim, entries, receipts } }: Of<"bundle">) {
  const { t } = useTranslation("verify");
  const { moment } = useWriting();
  const { madeAt, madeFor } = claim.stated;
  return (
    <>
      <Entries entries={entries} />
      <dl className="facts">
        {entries.map(({ leaf, index }, at) => (
          <Fact key={leaf} label={`${t("proven.receipt")}, ${t("proven.entry", { index })}`}>
            {t(`proven.receipts.${receipts[at] ?? "unknown"}`)}
          </Fact>
        ))}
        <Log log={claim.log} />
        <Fact label={t("proven.word")}>
          {t("proven.madeIs", { time: moment(madeAt), authority: madeFor.authority })}
        </Fact>
      </dl>
    </>
  );
}

function OfAccusation({ proven: { claim } }: Of<"accusation">) {
  const { t } = useTranslation("verify");
  const { moment, count } = useWriting();
  const { kind, id, event, horizon, listed, anchor } = claim;
  return (
    <dl className="facts">
      <Fact label={t("proven.leftOut")}>{t("proven.leftOutIs", { ...event })}</Fact>
      <Fact label={t("proven.of")}>{t(`proven.ofKinds.${kind}`, { id })}</Fact>
      <Fact label={t("proven.whichHolds")}>{t("proven.listed", { count: listed })}</Fact>
      <Fact label={t("proven.upTo")}>
        {t("proven.upToIs", { time: moment(anchor.time), horizon: count(horizon) })}
      </Fact>
      <Log log={claim.log} />
    </dl>
  );
}

function OfBreach({ proven: { claim } }: Of<"breach">) {
  const { t } = useTranslation("verify");
  const { moment } = useWriting();
  const { promise, source, first, count, receivedAt, due, anchor } = claim;
  return (
    <dl className="facts">
      <Fact label={t("proven.promise")}>{t(`proven.promises.${promise}`)}</Fact>
      <Fact label={t("proven.promisedTo")}>
        {t("proven.promisedToIs", { source, first, last: first + count - 1 })}
      </Fact>
      <Fact label={t("proven.received")}>{moment(receivedAt)}</Fact>
      {due !== null && <Fact label={t("proven.due")}>{moment(due)}</Fact>}
      {anchor === null ? (
        <Fact label={t("proven.fixed")}>{t("proven.fixedNone")}</Fact>
      ) : (
        <Fixed anchor={anchor} />
      )}
      <Log log={claim.log} />
    </dl>
  );
}

function OfReceipt({ proven: { receipt } }: Of<"receipt">) {
  const { t } = useTranslation("verify");
  const { moment } = useWriting();
  const { src, first, count, time, anchorBy, indexBy } = receipt;
  return (
    <>
      <dl className="facts">
        <Fact label={t("proven.promisedTo")}>
          {t("proven.promisedToIs", { source: src, first, last: first + count - 1 })}
        </Fact>
        <Fact label={t("proven.received")}>{moment(time)}</Fact>
        <Fact label={t("proven.anchorBy")}>{moment(anchorBy)}</Fact>
        <Fact label={t("proven.indexBy")}>{indexBy === 0 ? t("proven.noIndexBy") : moment(indexBy)}</Fact>
      </dl>
      <p className="quiet small">{t("proven.notContent")}</p>
    </>
  );
}

function Entries({
  entries,
  isOpen = false,
}: {
  readonly entries: readonly Entry[];
  readonly isOpen?: boolean;
}) {
  const { t } = useTranslation("verify");
  const [shown, setShown] = useState(AT_ONCE);
  const items = itemsOf(entries);
  return (
    <div className="stack-tight">
      <h3>{t("proven.entries")}</h3>
      <ul className="rows" role="list">
        {items.slice(0, shown).map((item) => (
          <Line key={item.key} item={item} isOpen={isOpen} />
        ))}
      </ul>
      {items.length > shown && (
        <div>
          <Button onPress={() => setShown(shown + AT_ONCE)}>{t("proven.more")}</Button>
        </div>
      )}
    </div>
  );
}

function Line({ item, isOpen }: { readonly item: Item; readonly isOpen: boolean }) {
  const { t } = useTranslation("verify");
  const { moment } = useWriting();
  const headline = useHeadline();
  const { kind, when, entries } = item;
  return (
    <li className="stack-tight">
      <p>
        <Icon name={KIND_ICONS[kind]} /> <strong>{headline(item)}</strong>
      </p>
      <p className="quiet small">
        {when > 0 && <>{moment(when)} · </>}
        {entries.map(({ index }) => t("proven.entry", { index })).join(", ")}
      </p>
      {isOpen ? (
        <Facts item={item} />
      ) : (
        <Disclosure title={t("proven.facts")}>
          <Facts item={item} />
        </Disclosure>
      )}
    </li>
  );
}

function Fixed({
  anchor: { time, block },
}: {
  readonly anchor: { readonly time: number; readonly block: number };
}) {
  const { t } = useTranslation("verify");
  const { moment, count } = useWriting();
  return (
    <Fact label={t("proven.fixed")}>{t("proven.fixedIs", { time: moment(time), block: count(block) })}</Fact>
  );
}

function Log({ log }: { readonly log: string }) {
  const { t } = useTranslation("verify");
  return (
    <Fact label={t("proven.log")}>
      <code>{log}</code>
    </Fact>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>
        <Explained text={label} />
      </dt>
      <dd>{typeof children === "string" ? <Explained text={children} /> : children}</dd>
    </>
  );
}
