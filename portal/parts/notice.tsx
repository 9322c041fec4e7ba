import type { ReactNode } from "react";

import { Icon, type IconName } from "./icon.tsx";

export type Tone = "good" | "warn" | "bad" | "quiet";

const ICONS: Readonly<Record<Tone, IconName>> = {
  good: "check",
  warn: "warning",
  bad: "cross",
  quiet: "info",
};

/** Something to know about what follows. `live`: it appears while somebody waits, and is read out. */
export function Notice(props: {
  readonly tone: Tone;
  readonly title?: ReactNode;
  readonly live?: boolean;
  readonly icon?: IconName;
  readonly children?: ReactNode;
}) {
  const { tone, title, live = false, icon = ICONS[tone], children } = props;
  return (
    <div className={`notice tone-${tone}`} {...(live && { role: tone === "bad" ? "alert" : "status" })}>
      <Icon name={icon} />
      <div className="notice-body">
        {title !== undefined && <p className="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}

/** A word or two about one thing. */
export function Badge({
  tone,
  icon = ICONS[tone],
  children,
}: {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly children: ReactNode;
}) {
  return (
    <span className={`badge tone-${tone}`}>
      <Icon name={icon} />
      {children}
    </span>
  );
}
