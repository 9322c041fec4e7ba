import { useTranslation } from "react-i18next";

import { type Procedure, useCatalogue } from "../../api/catalogue.ts";
import { type Objection, useObjectionAct, useObjections } from "../../api/objections.ts";
import { useCitizen } from "../../api/session.ts";
import { Ask } from "../../parts/ask.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Badge } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { Explained, Term } from "../../parts/term.tsx";
import { useWriting } from "../../words/moments.ts";
import { inLanguage } from "../../words/languages.ts";

/** The procedures in which machines act of their own accord, and whether the person objects. */
export function Objections() {
  const { t } = useTranslation("consents");
  const { t: terms } = useTranslation("terms");
  const { person } = useCitizen();
  const catalogue = useCatalogue();
  const objections = useObjections();
  const own = (objections.data ?? []).filter(
    ({ person: of }) => of.scheme === person.scheme && of.id === person.id,
  );
  return (
    <section className="stack-tight">
      <h2>{t("objections.title")}</h2>
      <p>
        <Explained text={t("objections.lead")} /> <Term name="objection">{terms("objection.word")}</Term>
      </p>
      <Answered of={objections}>
        {() => (
          <Answered of={catalogue}>
            {({ procedures }) => (
              <ul role="list" className="card rows">
                {procedures.map((procedure) => (
                  <Line
                    key={procedure.code}
                    procedure={procedure}
                    objection={own.find((objection) => objection.procedure === procedure.code)}
                  />
                ))}
              </ul>
            )}
          </Answered>
        )}
      </Answered>
    </section>
  );
}

function Line({
  procedure: { code, name },
  objection,
}: {
  readonly procedure: Procedure;
  readonly objection: Objection | undefined;
}) {
  const { t, i18n } = useTranslation("consents");
  const { moment } = useWriting();
  const act = useObjectionAct();
  const procedure = inLanguage(i18n.language, name);
  const isObjecting = objection?.objecting === true;
  const last = objection?.history.at(-1);
  return (
    <li className="row row-apart">
      <div className="stack-tight">
        <h3>{procedure}</h3>
        <p>
          <Badge tone={isObjecting ? "warn" : "quiet"} icon={isObjecting ? "cross" : "act"}>
            {t(isObjecting ? "objections.objecting" : "objections.allowed")}
          </Badge>{" "}
          {isObjecting && last !== undefined && <span className="quiet small">{moment(last.time)}</span>}
        </p>
        {act.error !== null && <Fault error={act.error} />}
      </div>
      <div>
        {isObjecting ? (
          <Ask
            weight="plain"
            label={t("objections.lift")}
            question={t("objections.liftAsk", { procedure })}
            yes={t("objections.liftYes")}
            isDisabled={act.isPending}
            onYes={() => act.mutate({ kind: "lift", id: objection.id })}
          />
        ) : (
          <Ask
            weight="plain"
            label={t("objections.object")}
            question={t("objections.objectAsk", { procedure })}
            yes={t("objections.objectYes")}
            isDisabled={act.isPending}
            onYes={() => act.mutate({ kind: "object", procedure: code })}
          >
            <p>{t("objections.objectWhy")}</p>
          </Ask>
        )}
      </div>
    </li>
  );
}
