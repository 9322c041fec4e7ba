import { useTranslation } from "react-i18next";
import { FileTrigger } from "react-aria-components";

import type { TrustProfile } from "../../../verifier/trust-profile.ts";
import { Button } from "../../parts/button.tsx";
import { OneOf } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Term } from "../../parts/term.tsx";
import type { Node } from "../../verify/file-messages.ts";
import { nodesIn } from "./nodes.ts";

/** What a person chose to trust. */
export interface Trust {
  readonly of: "server" | "own";
  readonly own: TrustProfile | undefined;
  /** The nodes as they were written. */
  readonly nodes: string;
}

export const FIRST_TRUST: Trust = { of: "server", own: undefined, nodes: "" };

/** Which log to compare with, and whom to ask about the chain. */
export function TrustCard(props: {
  readonly trust: Trust;
  readonly server: TrustProfile | undefined;
  /** Those that are asked where none is written. */
  readonly usual: readonly Node[];
  /** Why the last file was no profile, in the verifier's words. */
  readonly fault: string | undefined;
  readonly onChange: (trust: Trust) => void;
  readonly onProfile: (file: File) => void;
}) {
  const { trust, server, usual, fault, onChange, onProfile } = props;
  const { t } = useTranslation("verify");
  const { t: said } = useTranslation("checks");
  const isBad = nodesIn(trust.nodes) === undefined;
  return (
    <section className="card stack" aria-labelledby="trust-title">
      <h2 id="trust-title">{t("trust.title")}</h2>
      <OneOf
        label={<Term name="trustProfile">{t("trust.which")}</Term>}
        value={trust.of}
        choices={[
          {
            value: "server",
            name: server === undefined ? t("trust.serverNone") : t("trust.server", { name: server.name }),
          },
          {
            value: "own",
            name: trust.own === undefined ? t("trust.own") : t("trust.ownNamed", { name: trust.own.name }),
          },
        ]}
        onChange={(of) => onChange({ ...trust, of })}
      />
      {trust.of === "server" && <p className="quiet small">{t("trust.serverWhy")}</p>}
      {trust.of === "own" && (
        <div className="stack-tight">
          <div>
            <FileTrigger
              acceptedFileTypes={[".json", "application/json"]}
              onSelect={(files) => {
                const file = files?.[0];
                if (file !== undefined) onProfile(file);
              }}
            >
              <Button>{t("trust.chooseOwn")}</Button>
            </FileTrigger>
          </div>
          {fault !== undefined && (
            <Notice tone="bad" live title={t("trust.bad")}>
              <p className="small">
                {said("detail")} <span lang="en">{fault}</span>
              </p>
            </Notice>
          )}
        </div>
      )}
      <div className="stack-tight">
        <Field
          label={t("trust.nodes")}
          hint={t("trust.nodesHint")}
          value={trust.nodes}
          fault={isBad ? t("trust.nodesBad") : undefined}
          onChange={(nodes) => onChange({ ...trust, nodes })}
        />
        <p className="quiet small">
          {usual.length === 0
            ? t("trust.nodesNone")
            : t("trust.nodesDefault", { names: usual.map(({ name }) => name).join(", ") })}
        </p>
      </div>
    </section>
  );
}
