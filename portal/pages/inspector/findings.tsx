import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type FindingState, useFindingList } from "../../api/findings.ts";
import { Select } from "../../parts/select.tsx";
import { useNaming } from "../../words/naming.ts";
import { ANY, FINDING_KINDS, FINDING_STATES } from "./asked.ts";
import { FindingList } from "./finding-list.tsx";
import { useOverseer } from "./overseer.ts";
import { WhatIs } from "./what-is.tsx";

/** Also of what no event alone shows, which cannot be searched for. */
const KINDS = [...FINDING_KINDS, "silent-source", "missed-anchor", "missed-index"] as const;

/** All findings that the reader answers for or decides, by kind and state. */
export default function Findings() {
  const { t } = useTranslation("duties");
  const { t: oversight } = useTranslation("oversight");
  const naming = useNaming();
  const overseer = useOverseer();
  const [kind, setKind] = useState<string>(ANY);
  const [state, setState] = useState<FindingState | typeof ANY>(ANY);
  const list = useFindingList({ ...(kind !== ANY && { kind }), ...(state !== ANY && { state }) });
  return (
    <div className="stack">
      <title>{`${t("findings.title")} · Minh Bạch`}</title>
      <h1>{t("findings.title")}</h1>
      <p>
        {overseer.role === "officer"
          ? t("findings.leadOfficer", { agency: naming.agency(overseer.agency) })
          : t("findings.lead")}{" "}
        <WhatIs name="finding" />
      </p>
      <div className="fields">
        <Select
          label={t("findings.kind")}
          value={kind}
          choices={[
            { id: ANY, name: t("findings.any") },
            ...KINDS.map((id) => ({ id, name: oversight(`kinds.${id}`) })),
          ]}
          onChange={setKind}
        />
        <Select
          label={t("findings.state")}
          value={state}
          choices={[
            { id: ANY, name: t("findings.any") },
            ...FINDING_STATES.map((id) => ({ id, name: oversight(`states.${id}`) })),
          ]}
          onChange={setState}
        />
      </div>
      <FindingList of={list} none={t("findings.none")} />
    </div>
  );
}
