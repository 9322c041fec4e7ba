import { useTranslation } from "react-i18next";

import type { Seal } from "../../api/seals.ts";
import { useNow } from "../../app/now.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Badge } from "../../parts/notice.tsx";
import { useLawName } from "../../words/law.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { endsAt, isSoon } from "./seal-terms.ts";

/** A seal in a few words. */
export function SealCard({ seal }: { readonly seal: Seal }) {
  const { t } = useTranslation("duties");
  const { moment, relative } = useWriting();
  const name = useSealName();
  const now = useNow();
  const end = endsAt(seal);
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <h3>{name(seal)}</h3>
        <SealBadge seal={seal} />
      </div>
      {end !== undefined && (
        <p>
          {t(seal.state === "placed" ? "seals.until" : "seals.ended")}: {moment(end)} ({relative(end, now)})
        </p>
      )}
      <div>
        <ButtonLink href={`/seals/of/${encodeURIComponent(seal.agency)}/${encodeURIComponent(seal.id)}`}>
          {t("seals.see")} <span className="for-readers">{`${name(seal)} ${seal.id}`}</span>
        </ButtonLink>
      </div>
    </li>
  );
}

/** Who closes how many. */
export function useSealName(): (seal: Seal) => string {
  const { t } = useTranslation("duties");
  const { count } = useWriting();
  const naming = useNaming();
  return ({ authority, agency, events }) =>
    t("seals.name", { authority: naming.agency(authority ?? agency), number: count(events) });
}

export function SealBadge({ seal }: { readonly seal: Seal }) {
  const { t } = useTranslation("duties");
  const now = useNow();
  const isEnding = isSoon(seal, now);
  return (
    <Badge
      tone={isEnding ? "warn" : seal.state === "placed" ? "good" : "quiet"}
      icon={isEnding ? "clock" : "lock"}
    >
      {t(`seals.states.${seal.state}`)}
    </Badge>
  );
}

/** All that is known of a seal; which events it closes nobody is told. */
export function SealFacts({ seal }: { readonly seal: Seal }) {
  const { t } = useTranslation("duties");
  const { moment, relative } = useWriting();
  const lawName = useLawName();
  const naming = useNaming();
  const now = useNow();
  const { id, agency, state, legalBasis, placed } = seal;
  const end = endsAt(seal);
  return (
    <dl className="facts">
      {end !== undefined && (
        <>
          <dt>{t(state === "placed" ? "seals.until" : "seals.ended")}</dt>
          <dd>
            {moment(end)} ({relative(end, now)})
          </dd>
        </>
      )}
      <dt>{t("seals.basis")}</dt>
      <dd>{legalBasis === null ? t("seals.noBasis") : lawName(legalBasis)}</dd>
      <dt>{t("seals.placed")}</dt>
      <dd>
        {placed.time !== null && `${moment(placed.time)} · `}#{placed.index}
      </dd>
      <dt>{t("seals.recorder")}</dt>
      <dd>{naming.agency(agency)}</dd>
      <dt>{t("seals.id")}</dt>
      <dd>
        <code>{id}</code>
      </dd>
    </dl>
  );
}
