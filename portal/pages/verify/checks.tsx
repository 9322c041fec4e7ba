import "../../parts/check-list.css";

import { useTranslation } from "react-i18next";

import { Icon, type IconName } from "../../parts/icon.tsx";
import type { Tone } from "../../parts/notice.tsx";
import type { CheckedFile, FileKind } from "../../verify/file-messages.ts";
import { type Lookup, useLookup } from "../../words/lookup.ts";

type Check = CheckedFile["checks"][number];

const TONES: Readonly<Record<Check["status"], Tone>> = {
  passed: "good",
  warning: "warn",
  failed: "bad",
  "not-checked": "quiet",
};
const ICONS: Readonly<Record<Check["status"], IconName>> = {
  passed: "check",
  warning: "warning",
  failed: "cross",
  "not-checked": "question",
};

/** What a check asserts, in plain words. */
export function checkTitle(lookup: Lookup, kind: FileKind, { id, title }: Check): string {
  return wordOf(lookup, kind, `${id}.title`, title);
}

/** A statement's are those of one's own, but for what is only known there: whose it should be. */
function wordOf(lookup: Lookup, kind: FileKind, key: string, fallback: string): string {
  const shared = kind === "statement" ? lookup(`checks:${key}`, fallback) : fallback;
  return lookup(`verifyChecks:${kind}.${key}`, shared);
}

/** Every check that was made, what it means, and what was found. */
export function Checks({ kind, checks }: { readonly kind: FileKind; readonly checks: readonly Check[] }) {
  const { t } = useTranslation("verify");
  const lookup = useLookup();
  return (
    <ol className="check-list" role="list">
      {checks.map((check) => (
        <li key={check.id} className="check-line">
          <span className={`check-line-mark tone-${TONES[check.status]}`}>
            <Icon name={ICONS[check.status]} />
          </span>
          <div>
            <p>
              <strong>{checkTitle(lookup, kind, check)}</strong>{" "}
              <span className="quiet">({t(`results.status.${check.status}`)})</span>
            </p>
            <p className="quiet">{wordOf(lookup, kind, `${check.id}.meaning`, "")}</p>
            <p className="quiet small">
              {t("results.detail")} <span lang="en">{check.detail}</span>
            </p>
          </div>
        </li>
      ))}
    </ol>
  );
}
