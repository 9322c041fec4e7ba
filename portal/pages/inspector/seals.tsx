import "./inspector.css";

import { useTranslation } from "react-i18next";

import { type Seal, useSeals } from "../../api/seals.ts";
import { useNow } from "../../app/now.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import { SealCard } from "./seal-card.tsx";
import { sealsByEnd } from "./seal-terms.ts";
import { WhatIs } from "./what-is.tsx";

/** Every seal: those that end soon first, as somebody has to extend them or let them end. */
export default function Seals() {
  const { t } = useTranslation("duties");
  return (
    <div className="stack">
      <title>{`${t("seals.title")} · Minh Bạch`}</title>
      <h1>{t("seals.title")}</h1>
      <p>
        {t("seals.lead")} <WhatIs name="sealed" />
      </p>
      <div>
        <ButtonLink weight="first" href="/seals/new">
          {t("seals.place")}
        </ButtonLink>
      </div>
      <Answered of={useSeals()}>{({ seals, more }) => <All seals={seals} more={more} />}</Answered>
    </div>
  );
}

const PARTS = ["soon", "inForce", "over"] as const;

function All({ seals, more }: { readonly seals: readonly Seal[]; readonly more: boolean }) {
  const { t } = useTranslation("duties");
  const { count } = useWriting();
  const now = useNow();
  if (seals.length === 0)
    return (
      <Empty icon="lock" title={t("seals.none")}>
        <p>{t("seals.noneWhy")}</p>
      </Empty>
    );
  const parts = sealsByEnd(seals, now);
  return (
    <>
      {more && <Notice tone="warn" title={t("seals.bounded", { number: count(seals.length) })} />}
      {PARTS.map((part) => (
        <section key={part} className="stack-tight" aria-labelledby={`seals-${part}`}>
          <h2 id={`seals-${part}`}>{t(`seals.${part}`)}</h2>
          {parts[part].length === 0 ? (
            <p className="quiet">{t("seals.noneHere")}</p>
          ) : (
            <ol role="list" className="stack">
              {parts[part].map((seal) => (
                <SealCard key={`${seal.agency} ${seal.id}`} seal={seal} />
              ))}
            </ol>
          )}
        </section>
      ))}
    </>
  );
}
