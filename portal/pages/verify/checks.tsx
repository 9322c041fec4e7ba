import "../../parts/check-list.css";

import { useTranslation } from "react-i18next";

import { CHECK_MARKS, CheckText } from "../../parts/check.tsx";
import { Icon } from "../../parts/icon.tsx";
import type { CheckedFile, FileKind } from "../../verify/file-messages.ts";
import { type Lookup, useLookup } from "../../words/lookup.ts";

type Check = CheckedFile["checks"][number];

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
      {checks.map((check) => {
        const { tone, icon } = CHECK_MARKS[check.status];
        return (
          <li key={check.id} className="check-line">
            <span className={`check-line-mark tone-${tone}`}>
              <Icon name={icon} />
            </span>
            <CheckText
              title={checkTitle(lookup, kind, check)}
              status={t(`results.status.${check.status}`)}
              meaning={wordOf(lookup, kind, `${check.id}.meaning`, "")}
              detailName={t("results.detail")}
              detail={check.detail}
            />
          </li>
        );
      })}
    </ol>
  );
}
