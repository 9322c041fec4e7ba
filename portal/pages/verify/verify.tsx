import "../../app/shell.css";
import "./verify.css";

import { type ReactNode, useEffect, useRef, useState } from "react";
import { FileTrigger } from "react-aria-components";
import { useTranslation } from "react-i18next";

import { useCatalogue } from "../../api/catalogue.ts";
import { LanguageButton, Mark } from "../../parts/brand.tsx";
import { Button } from "../../parts/button.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Progress } from "../../parts/states.tsx";
import type { FileChecker } from "../../verify/file-checker.ts";
import { useWriting } from "../../words/moments.ts";
import { useChecking } from "./checking.ts";
import { type ChosenFile, MAX_FILE_BYTES, profileIn, readChosen, saysItIsAProfile } from "./chosen-file.ts";
import { askable, nodesIn } from "./nodes.ts";
import { Explained } from "../../parts/term.tsx";
import { Paper } from "./paper.tsx";
import { Result } from "./result.tsx";
import { digestIn } from "./scanned.ts";
import { serverNode, useServerProfile } from "./server-profile.ts";
import { FIRST_TRUST, type Trust, TrustCard } from "./trust.tsx";
import { together } from "./together.ts";
import { useDrop } from "./use-drop.ts";

const KINDS = ["statement", "gathered", "evidence", "bundle", "receipt", "accusation", "breach"] as const;

/** What is around it: no session and no navigation, since nobody signs on here. */
export function VerifyPage({ checker }: { readonly checker: FileChecker }) {
  const { t } = useTranslation("verify");
  const { t: shell } = useTranslation();
  return (
    <div className="shell">
      <header>
        <a className="button skip" href="#main">
          {shell("skip")}
        </a>
        <div className="shell-head">
          <div className="shell-head-row">
            <a className="brand" href="/portal/">
              <Mark />
              {shell("name")}
            </a>
            <LanguageButton />
          </div>
        </div>
      </header>
      <main className="shell-main stack" id="main" tabIndex={-1}>
        <title>{`${t("title")} · ${shell("name")}`}</title>
        <h1>{t("title")}</h1>
        <p>
          <Explained text={t("lead")} />
        </p>
        <Verifying checker={checker} />
        <Disclosure title={t("knows")}>
          <ul className="verify-kinds">
            {KINDS.map((kind) => (
              <li key={kind} data-explains={kind}>
                <strong>{t(`kinds.${kind}`)}</strong>: {t(`kindsWhy.${kind}`)}
              </li>
            ))}
          </ul>
        </Disclosure>
        <Disclosure title={t("command")}>
          <div className="stack-tight">
            <p>{t("commandWhy")}</p>
            <pre className="verify-command">
              <code lang="en">npx minhbach verify statement.json --trust trust.json</code>
            </pre>
          </div>
        </Disclosure>
      </main>
      <footer className="shell-foot">
        <div className="row row-apart">
          <p>{shell("footer")}</p>
          <a href="/portal/">{t("toPortal")}</a>
        </div>
      </footer>
    </div>
  );
}

type Problem = "too-long" | "unread" | "not-together";

function Verifying({ checker }: { readonly checker: FileChecker }) {
  const { t } = useTranslation("verify");
  const { count } = useWriting();
  const { data: server, isPending } = useServerProfile();
  // Asked for now, so that codes have names even when the server has gone.
  useCatalogue();
  const [file, setFile] = useState<ChosenFile>();
  const [earlier, setEarlier] = useState<ChosenFile>();
  const [problem, setProblem] = useState<Problem>();
  const [trust, setTrust] = useState<Trust>(FIRST_TRUST);
  const [profileFault, setProfileFault] = useState<string>();
  const [hasTakenProfile, setHasTakenProfile] = useState(false);
  const [written, setWritten] = useState("");
  const scanned = useScanned();
  const { checking, start, forget } = useChecking(checker);

  const usualOf = ({ of, own }: Trust) => (of === "server" ? [serverNode()] : askable(own?.rpc ?? []));
  const check = (chosen: ChosenFile, before: ChosenFile | undefined, by: Trust): void => {
    const named = nodesIn(by.nodes) ?? [];
    start({
      bytes: chosen.bytes,
      ...(before !== undefined && { earlier: before.bytes }),
      profile: by.of === "server" ? server : by.own,
      nodes: named.length > 0 ? named : usualOf(by),
    });
  };
  const takeProfile = (chosen: ChosenFile): void => {
    const profile = profileIn(chosen);
    const isBad = typeof profile === "string";
    setProfileFault(isBad ? profile : undefined);
    setHasTakenProfile(!isBad);
    const next: Trust = { ...trust, of: "own", own: isBad ? undefined : profile };
    setTrust(next);
    if (file !== undefined && !isBad) check(file, earlier, next);
    else forget();
  };
  /** Reads what was chosen, and goes on with it. */
  const withFile = (take: (chosen: ChosenFile) => void) => (chosen: File) => {
    setProblem(undefined);
    setHasTakenProfile(false);
    void readChosen(chosen).then((read) => {
      if (typeof read === "string") setProblem(read);
      else take(read);
    });
  };
  const chosenLast = useRef(0);
  const takeFile = (read: ChosenFile): void => {
    if (saysItIsAProfile(read)) {
      takeProfile(read);
      return;
    }
    setFile(read);
    setEarlier(undefined);
    check(read, undefined, trust);
  };
  /** One file, or the statements of several logs, which are checked as one. */
  const onFiles = (chosen: readonly File[]): void => {
    setProblem(undefined);
    setHasTakenProfile(false);
    const turn = (chosenLast.current += 1);
    const size = chosen.reduce((sum, each) => sum + each.size, 0);
    if (size > MAX_FILE_BYTES) {
      setProblem("too-long");
      return;
    }
    void Promise.all(chosen.map(readChosen)).then((all) => {
      // Others were chosen meanwhile.
      if (turn !== chosenLast.current) return;
      const read = all.filter((each) => typeof each !== "string");
      const fault = all.find((each) => typeof each === "string");
      const one = read.length === 1 ? read[0] : together(read);
      if (fault !== undefined) setProblem(fault);
      else if (one === undefined) setProblem("not-together");
      else takeFile(one);
    });
  };
  const onEarlier = withFile((read) => {
    setEarlier(read);
    if (file !== undefined) check(file, read, trust);
  });
  const isOver = useDrop(onFiles);
  const isFit = nodesIn(trust.nodes) !== undefined && !isPending;

  return (
    <>
      <Paper scanned={scanned} written={written} onWrite={setWritten} />
      <Drop file={file} isOver={isOver} onFiles={onFiles}>
        {earlier !== undefined && <p className="quiet">{t("results.earlierIs", { name: earlier.name })}</p>}
        {file !== undefined && checking.kind !== "running" && (
          <Button
            weight={checking.kind === "none" ? "first" : "plain"}
            isDisabled={!isFit}
            onPress={() => check(file, earlier, trust)}
          >
            {t(checking.kind === "none" ? "check" : "again")}
          </Button>
        )}
      </Drop>
      {problem !== undefined && (
        <Notice tone="bad" live title={t(`problems.${problem}`)}>
          <p>{t(`problems.${problem}-why`, { size: count(Math.floor(MAX_FILE_BYTES / 1_000_000)) })}</p>
        </Notice>
      )}
      {hasTakenProfile && <Notice tone="quiet" live title={t("profileTaken")} />}
      {file !== undefined && checking.kind === "none" && (
        <Notice tone="quiet" live title={t("trust.changed")} />
      )}
      {checking.kind === "running" && (
        <div className="card" role="status">
          <Progress label={t("checking", { count: checking.questions })} />
        </div>
      )}
      {checking.kind === "fault" && (
        <Notice tone="bad" live title={t("isFault")}>
          <p>{t("isFaultWhy")}</p>
        </Notice>
      )}
      {checking.kind === "checked" && (
        <Result file={checking.file} printed={scanned ?? digestIn(written)} onEarlier={onEarlier} />
      )}
      <TrustCard
        trust={trust}
        server={server}
        usual={usualOf(trust)}
        fault={profileFault}
        onChange={(next) => {
          setTrust(next);
          forget();
        }}
        onProfile={withFile(takeProfile)}
      />
    </>
  );
}

function Drop(props: {
  readonly file: ChosenFile | undefined;
  readonly isOver: boolean;
  readonly onFiles: (files: readonly File[]) => void;
  readonly children: ReactNode;
}) {
  const { file, isOver, onFiles, children } = props;
  const { t } = useTranslation("verify");
  const { count } = useWriting();
  return (
    <section className="drop" data-over={isOver} aria-labelledby="drop-title">
      <Icon name="shield" />
      <h2 id="drop-title">{t(isOver ? "dropNow" : "drop")}</h2>
      {file !== undefined && (
        <p>{t("chosen", { name: file.name, size: count(Math.ceil(file.bytes.length / 1000)) })}</p>
      )}
      <div className="row">
        <FileTrigger
          allowsMultiple
          onSelect={(files) => {
            if (files !== null && files.length > 0) onFiles([...files]);
          }}
        >
          <Button weight={file === undefined ? "first" : "plain"}>
            {t(file === undefined ? "choose" : "other")}
          </Button>
        </FileTrigger>
        {children}
      </div>
      <p className="quiet small">{t("several")}</p>
      <p className="quiet small">{t("stays")}</p>
    </section>
  );
}

/** The fingerprint in the address, as a scanned code has it. The skip link changes the address too: what was scanned stays. */
function useScanned(): string | undefined {
  const [scanned, setScanned] = useState(() => digestIn(location.hash));
  useEffect(() => {
    const changed = (): void => setScanned((before) => digestIn(location.hash) ?? before);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return scanned;
}
