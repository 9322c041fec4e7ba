import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useParams } from "wouter";

import { useComplaintAct } from "../../api/complaints.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { OneOf } from "../../parts/choice.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Field } from "../../parts/field.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import { useStatement } from "../../verify/statement.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { useHeadline } from "../data/headline.ts";
import { type Item, itemsOf } from "../data/items.ts";
import { AddressedContext, useAddressedFor, useWhose } from "../data/whose.ts";
import { faultIn, MAX_TEXT } from "./free-text.ts";

/** Complaining about one entry of the statement that was looked at. */
export default function NewComplaint() {
  const { index } = useParams<{ index: string }>();
  const { t } = useTranslation("complaints");
  const [person] = useWhose();
  const { data, error, isFetching, refetch } = useStatement(person);
  const context = useAddressedFor(person);
  const item =
    data && itemsOf(data.entries).find(({ entries }) => entries.some((each) => String(each.index) === index));
  return (
    <div className="stack">
      <title>{`${t("new.title")} · Minh Bạch`}</title>
      <h1>{t("new.title")}</h1>
      {isFetching && <Loading />}
      {error !== null && !isFetching && <Failed error={error} again={() => void refetch()} />}
      {item !== undefined && (
        <AddressedContext value={context}>
          <Form item={item} />
        </AddressedContext>
      )}
      {data !== undefined && item === undefined && (
        <Empty icon="question" title={t("new.noEntry", { context })}>
          <ButtonLink href="/my-data">{t("toData")}</ButtonLink>
        </Empty>
      )}
    </div>
  );
}

function Form({ item }: { readonly item: Item }) {
  const { t } = useTranslation("complaints");
  const { t: terms } = useTranslation("terms");
  const { t: shell } = useTranslation();
  const { moment } = useWriting();
  const naming = useNaming();
  const headline = useHeadline();
  const [, navigate] = useLocation();
  const act = useComplaintAct();
  const { agency, provider, when, entries } = item;
  const agencies = [...new Set([agency, provider, ...entries.map((entry) => entry.agency)])].filter(
    (code) => code !== undefined,
  );
  const [about, setAbout] = useState(agency);
  const [text, setText] = useState("");
  const [fault, setFault] = useState<"missing" | "number" | undefined>(undefined);
  const send = (): void => {
    const found = faultIn(text);
    setFault(found);
    if (found !== undefined) return;
    act.mutate(
      {
        kind: "file",
        index: entries[0].index,
        ...(agencies.length > 1 && { agency: about }),
        text: text.trim(),
      },
      { onSuccess: ({ id }) => navigate(`/complaints/${encodeURIComponent(id)}`) },
    );
  };
  return (
    <>
      <section className="card stack-tight">
        <h2>{headline(item)}</h2>
        <p className="quiet">
          {moment(when)} · #{entries[0].index}
        </p>
      </section>
      <p>
        {t("new.lead")} <Term name="complaint">{terms("complaint.word")}</Term>
      </p>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {agencies.length > 1 && (
          <OneOf
            label={t("new.which")}
            value={about}
            choices={agencies.map((value) => ({ value, name: naming.agency(value) }))}
            onChange={setAbout}
          />
        )}
        <Field
          isLong
          isRequired
          label={t("new.text")}
          hint={t("new.hint")}
          value={text}
          maxLength={MAX_TEXT}
          fault={fault && t(`new.${fault}`)}
          onChange={(next) => {
            setText(next);
            setFault(undefined);
          }}
        />
        {act.error !== null && <Fault error={act.error} />}
        <div className="row">
          <Button type="submit" weight="first" isDisabled={act.isPending}>
            {t(act.isPending ? "new.sending" : "new.send")}
          </Button>
          <ButtonLink weight="quiet" href="/my-data">
            {shell("back")}
          </ButtonLink>
        </div>
      </form>
    </>
  );
}
