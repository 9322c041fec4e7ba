import { useTranslation } from "react-i18next";
import { FileTrigger } from "react-aria-components";

import { Button } from "../../parts/button.tsx";
import { CheckList, useCheckWord } from "../../parts/check.tsx";
import { download } from "../../parts/download.ts";
import type { Tone } from "../../parts/notice.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Explained, Term } from "../../parts/term.tsx";
import type { CheckedFile, FileKind } from "../../verify/file-messages.ts";
import { useWriting } from "../../words/moments.ts";
import { CHECK_WORDS } from "./checks.ts";
import { SameAsPaper } from "./paper.tsx";
import { ProvenParts } from "./proven.tsx";

/** What came of a file: in a sentence, what is proven, and every check behind it. */
export function Result(props: {
  readonly file: CheckedFile;
  /** The fingerprint on paper. */
  readonly printed: string | undefined;
  readonly onEarlier: (file: File) => void;
}) {
  const { file, printed, onEarlier } = props;
  const { kind, checks, proven, digest } = file;
  const { t } = useTranslation("verify");
  return (
    <div className="stack">
      {printed !== undefined && <SameAsPaper printed={printed} digest={digest} />}
      {kind === undefined ? (
        <Notice tone="bad" live icon="question" title={t("results.unknown")}>
          <p>{t("results.unknownWhy")}</p>
        </Notice>
      ) : (
        <>
          <Verdict file={file} kind={kind} onEarlier={onEarlier} />
          {proven !== null && <ProvenParts proven={proven} />}
          <section className="card stack" aria-labelledby="checks-title">
            <h2 id="checks-title">{t("results.checks", { count: checks.length })}</h2>
            <p className="quiet">{t("results.checksHow")}</p>
            <Compared file={file} />
            <CheckList checks={checks} words={CHECK_WORDS[kind]} />
          </section>
        </>
      )}
    </div>
  );
}

interface VerdictProps {
  readonly file: CheckedFile;
  readonly kind: FileKind;
  readonly onEarlier: (file: File) => void;
}

function Verdict(props: VerdictProps) {
  switch (props.file.verdict) {
    case "valid":
    case "development":
      return <Good {...props} />;
    case "invalid":
      return <Bad {...props} />;
    case "incomplete":
      return <Open {...props} />;
    case "broken":
      return <Broken {...props} />;
    case "not-due":
      return <NotDue {...props} />;
  }
}

/** What accuses the log is good for whoever holds it, and no good news. */
const GOOD_TONES: Readonly<Record<FileKind, Tone>> = {
  statement: "good",
  gathered: "good",
  evidence: "good",
  bundle: "good",
  receipt: "good",
  accusation: "warn",
  breach: "warn",
};

function Good({ file, kind }: VerdictProps) {
  const { t } = useTranslation("verify");
  const wordOf = useCheckWord(CHECK_WORDS[kind]);
  const { verdict, checks } = file;
  const accuses = GOOD_TONES[kind] === "warn";
  return (
    <Notice
      tone={GOOD_TONES[kind]}
      live
      icon={accuses ? "warning" : "shield"}
      title={t(`results.good.${kind}`)}
    >
      <p>{t("results.goodWhy", { count: checks.length })}</p>
      {accuses && <p>{t("results.act")}</p>}
      {checks
        .filter(({ status }) => status === "warning")
        .map((check) => (
          <p key={check.id}>{t("results.remarks", { check: wordOf(check, "title") })}</p>
        ))}
      {verdict === "development" && <p className="quiet small">{t("results.trial")}</p>}
    </Notice>
  );
}

function Bad({ file: { checks }, kind }: VerdictProps) {
  const { t } = useTranslation("verify");
  const wordOf = useCheckWord(CHECK_WORDS[kind]);
  return (
    <Notice tone="bad" live icon="warning" title={t("results.invalid")}>
      <p>
        <Explained text={t("results.invalidWhy")} />
      </p>
      {checks
        .filter(({ status }) => status === "failed")
        .map((check) => (
          <p key={check.id}>{t("results.failedAt", { check: wordOf(check, "title") })}</p>
        ))}
    </Notice>
  );
}

function Open({ file, kind, onEarlier }: VerdictProps) {
  const { t } = useTranslation("verify");
  const wordOf = useCheckWord(CHECK_WORDS[kind]);
  const { checks, comparedWith } = file;
  const open = checks.filter(({ status }) => status === "not-checked");
  const isChain = open.some(({ id }) => id === "chain");
  const lacksEarlier = !isChain && kind === "statement" && open.some(({ id }) => id === "continues");
  const [first] = open;
  return (
    <Notice tone="warn" live icon="question" title={t("results.incomplete")}>
      <p>{t("results.incompleteWhy")}</p>
      {comparedWith === undefined ? (
        <p>{t("results.noProfile")}</p>
      ) : isChain ? (
        <p>{t("results.noChain")}</p>
      ) : lacksEarlier ? (
        <>
          <p>{t("results.noEarlier")}</p>
          <FileTrigger
            onSelect={(files) => {
              const earlier = files?.[0];
              if (earlier !== undefined) onEarlier(earlier);
            }}
          >
            <Button>{t("results.addEarlier")}</Button>
          </FileTrigger>
        </>
      ) : (
        first !== undefined && <p>{t("results.openAt", { check: wordOf(first, "title") })}</p>
      )}
    </Notice>
  );
}

function Broken({ file: { proven } }: VerdictProps) {
  const { t } = useTranslation("verify");
  const breaches = proven?.kind === "receipt" ? proven.breaches : [];
  return (
    <Notice tone="warn" live icon="warning" title={t("results.broken")}>
      <p>{t("results.brokenWhy")}</p>
      <div className="row">
        {breaches.map((text, at) => (
          <Button
            key={at}
            weight="first"
            onPress={() => download(new Blob([text], { type: "application/json" }), `breach-${at + 1}.json`)}
          >
            {t("results.breachFile")}
          </Button>
        ))}
      </div>
    </Notice>
  );
}

function NotDue({ file: { proven } }: VerdictProps) {
  const { t } = useTranslation("verify");
  const { moment } = useWriting();
  const receipt = proven?.kind === "receipt" ? proven.receipt : undefined;
  return (
    <Notice tone="good" live icon="clock" title={t("results.notDue")}>
      {receipt !== undefined && (
        <p>{t("results.notDueWhy", { time: moment(Math.max(receipt.anchorBy, receipt.indexBy)) })}</p>
      )}
    </Notice>
  );
}

function Compared({ file: { comparedWith, nodes, digest } }: { readonly file: CheckedFile }) {
  const { t } = useTranslation("verify");
  const { t: terms } = useTranslation("terms");
  return (
    <dl className="facts">
      {comparedWith !== undefined && (
        <>
          <dt>
            <Term name="trustProfile">{t("results.compared")}</Term>
          </dt>
          <dd>
            {comparedWith.name} <code className="small">{comparedWith.identity}</code>
          </dd>
        </>
      )}
      <dt>
        <Term name="chain">{t("results.nodes")}</Term>
      </dt>
      <dd>{nodes.length === 0 ? t("results.noNodes") : nodes.join(", ")}</dd>
      <dt>
        <Term name="digest">{terms("digest.word")}</Term>
      </dt>
      <dd>
        <code>{digest}</code>
      </dd>
    </dl>
  );
}
