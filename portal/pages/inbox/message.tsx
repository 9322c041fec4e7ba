import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type AnswerName, type Case, type GivenAnswer, type Message, useAnswer } from "../../api/inbox.ts";
import { Ask } from "../../parts/ask.tsx";
import { Button, type Weight } from "../../parts/button.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Badge } from "../../parts/notice.tsx";
import { inLanguage } from "../../words/languages.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { CorrectionForm } from "./correction.tsx";

/** One message: what the agency wrote, how the matter stands, and what can be answered. */
export function MessageCard({
  message,
  matter,
}: {
  readonly message: Message;
  readonly matter: Case | undefined;
}) {
  const { t, i18n } = useTranslation("inbox");
  const { moment } = useWriting();
  const naming = useNaming();
  const lookup = useLookup();
  const { agency, caseId, procedure, text, at, until, given, answers } = message;
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <h2>{naming.procedure(procedure)}</h2>
        {matter !== undefined && (
          <Badge tone={matter.state === "waiting" ? "warn" : matter.state === "completed" ? "good" : "quiet"}>
            {lookup(`inbox:caseStates.${matter.state}`, matter.state)}
          </Badge>
        )}
      </div>
      <p className="quiet small">
        {naming.agency(agency)} · {moment(at / 1000)} · {t("case", { id: caseId })}
      </p>
      <p className="message-text">{inLanguage(i18n.language, text)}</p>
      {until !== undefined && answers.length > 0 && <p>{t("until", { time: moment(until / 1000) })}</p>}
      {given !== undefined && (
        <p>
          <strong>{t(`given.${given.answer}`)}</strong>{" "}
          <span className="quiet">{moment(given.at / 1000)}</span>
        </p>
      )}
      {matter !== undefined && matter.steps.length > 0 && <Steps matter={matter} />}
      {answers.length > 0 && <Answers message={message} />}
    </li>
  );
}

function Steps({ matter: { steps } }: { readonly matter: Case }) {
  const { t, i18n } = useTranslation("inbox");
  const lookup = useLookup();
  return (
    <section className="stack-tight">
      <h3>{t("steps")}</h3>
      <ol>
        {steps.map(({ name, state, text }) => (
          <li key={name}>
            {text === undefined ? name : inLanguage(i18n.language, text)}{" "}
            <span className="quiet">({lookup(`inbox:stepStates.${state}`, state)})</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const WEIGHTS = { accept: "first", decline: "plain", object: "quiet" } as const satisfies Readonly<
  Partial<Record<AnswerName, Weight>>
>;

function Answers({ message: { number, answers, procedure } }: { readonly message: Message }) {
  const { t } = useTranslation("inbox");
  const answer = useAnswer(number);
  const [isCorrecting, setIsCorrecting] = useState(false);
  const run = (given: GivenAnswer): void => answer.mutate(given, { onSuccess: () => setIsCorrecting(false) });
  return (
    <div className="stack-tight">
      {answer.error !== null && <Fault error={answer.error} />}
      <div className="row">
        {answers.map((name) => {
          if (name === "correct")
            return (
              <Button key={name} aria-expanded={isCorrecting} onPress={() => setIsCorrecting(!isCorrecting)}>
                {t("answers.correct")}
              </Button>
            );
          if (name === "later")
            return (
              <Button
                key={name}
                weight="quiet"
                isDisabled={answer.isPending}
                onPress={() => run({ answer: "later" })}
              >
                {t("answers.later")}
              </Button>
            );
          return (
            <Ask
              key={name}
              weight={WEIGHTS[name]}
              label={t(`answers.${name}`)}
              question={t(`ask.${name}`)}
              yes={t(`yes.${name}`)}
              isDisabled={answer.isPending}
              onYes={() => run({ answer: name })}
            >
              <p>{t(`why.${name}`)}</p>
            </Ask>
          );
        })}
      </div>
      {isCorrecting && (
        <CorrectionForm
          procedure={procedure}
          isBusy={answer.isPending}
          onSend={(correction) => run({ answer: "correct", correction })}
        />
      )}
    </div>
  );
}
