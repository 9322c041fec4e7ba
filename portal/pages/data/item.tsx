import { useTranslation } from "react-i18next";

import type { Uses } from "../../api/uses.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Badge } from "../../parts/notice.tsx";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { Allowed, AllowedBadge } from "./allowed.tsx";
import { Facts } from "./facts.tsx";
import { KIND_ICONS, useHeadline } from "./headline.ts";
import type { Item } from "./items.ts";

/** One thing that happened: what everybody wants to know at once, and the rest when it is opened. */
export function ItemCard({ item, uses }: { readonly item: Item; readonly uses: Uses }) {
  const { t } = useTranslation("data");
  const { t: terms } = useTranslation("terms");
  const { moment } = useWriting();
  const naming = useNaming();
  const headline = useHeadline();
  const { kind, when, isAbout, entries } = item;
  const { facets, index } = entries[0];
  const categories = naming.categories(facets.data?.personalData ?? []);
  return (
    <li className="item" data-kind={kind}>
      <span className="item-mark">
        <Icon name={KIND_ICONS[kind]} />
      </span>
      <div className="item-body">
        <p className="quiet small">
          {isAbout && `${t("labels.about")} `}
          <time dateTime={new Date(when * 1000).toISOString()}>{moment(when)}</time>
        </p>
        <h3>{headline(item)}</h3>
        <p className="row">
          <AllowedBadge item={item} uses={uses} />
          {facets.handling?.emergency === true && (
            <Badge tone="warn" icon="warning">
              {terms("emergency.word")}
            </Badge>
          )}
          {item.procedure !== undefined && <span>{naming.procedure(item.procedure)}</span>}
        </p>
        {categories.length > 0 && <p className="quiet">{categories.join(" · ")}</p>}
        {(kind === "sealed" || kind === "erased") && <p>{t(`closed.${kind}`)}</p>}
        <Explained item={item} />
        <Disclosure title={t("labels.more")}>
          <div className="stack-tight">
            <Allowed item={item} uses={uses} />
            <Facts item={item} />
            <div className="row">
              <ButtonLink href={`/complaints/new/${index}`}>
                <Icon name="complaint" />
                {t("labels.complain")}
              </ButtonLink>
            </div>
          </div>
        </Disclosure>
      </div>
    </li>
  );
}

function Explained({ item: { entries } }: { readonly item: Item }) {
  const { i18n } = useTranslation();
  const { explanation } = entries[0].facets;
  const [first, second] = i18n.language === "en" ? [explanation?.en, explanation?.vi] : [explanation?.vi, explanation?.en];
  const text = first ?? second;
  if (text === undefined) return null;
  const language = first === undefined ? (i18n.language === "en" ? "vi" : "en") : i18n.language;
  return <p lang={language}>{text}</p>;
}
