import { useTranslation } from "react-i18next";

import { Disclosure } from "../../parts/disclosure.tsx";
import { Field } from "../../parts/field.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Explained } from "../../parts/term.tsx";
import { digestIn } from "./scanned.ts";

/** The fingerprint that stands on paper: what was scanned, or what the person writes off. */
export function Paper(props: {
  /** What the address of the scanned code names. */
  readonly scanned: string | undefined;
  readonly written: string;
  readonly onWrite: (text: string) => void;
}) {
  const { scanned, written, onWrite } = props;
  const { t } = useTranslation("verify");
  if (scanned !== undefined)
    return (
      <Notice tone="quiet" title={t("paper.scanned")}>
        <p>
          <Explained text={t("paper.scannedWhy")} />
        </p>
        <p>
          <code>{scanned}</code>
        </p>
      </Notice>
    );
  const isBad = written.trim() !== "" && digestIn(written) === undefined;
  return (
    <Disclosure title={t("paper.title")}>
      <div className="stack-tight">
        <p>
          <Explained text={t("paper.what")} />
        </p>
        <Field
          label={t("paper.field")}
          hint={t("paper.hint")}
          value={written}
          fault={isBad ? t("paper.bad") : undefined}
          onChange={onWrite}
        />
      </div>
    </Disclosure>
  );
}

/** Whether the file is the one of the paper. */
export function SameAsPaper({ printed, digest }: { readonly printed: string; readonly digest: string }) {
  const { t } = useTranslation("verify");
  const isSame = printed === digest;
  return (
    <Notice tone={isSame ? "good" : "bad"} live title={t(isSame ? "paper.same" : "paper.differs")}>
      <p>{t(isSame ? "paper.sameWhy" : "paper.differsWhy")}</p>
      {!isSame && (
        <p className="small">
          <code>{printed}</code> ≠ <code>{digest}</code>
        </p>
      )}
    </Notice>
  );
}
