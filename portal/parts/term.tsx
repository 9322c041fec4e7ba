import { useTranslation } from "react-i18next";
import { Button, DialogTrigger, Popover } from "react-aria-components";
import type { ReactNode } from "react";

import type { Words } from "../words/vi/index.ts";

export type TermName = keyof Words["terms"];

/** A word that is explained where it stands: press it. */
export function Term({ name, children }: { readonly name: TermName; readonly children: ReactNode }) {
  const { t } = useTranslation("terms");
  return (
    <DialogTrigger>
      <Button className="term">{children}</Button>
      {/* The popover itself is the dialog: its hidden buttons that close it for screen readers have to be within. */}
      <Popover className="popover">
        <div className="stack-tight">
          <strong>{t(`${name}.word`)}</strong>
          <p>{t(`${name}.meaning`)}</p>
        </div>
      </Popover>
    </DialogTrigger>
  );
}
