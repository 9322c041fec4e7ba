import { type RefObject, useId } from "react";
import { useTranslation } from "react-i18next";
import { Popover } from "react-aria-components";

import type { Words } from "../words/vi/index.ts";

/** What a word means, beside that word. */
export default function Meaning(props: {
  readonly name: keyof Words["terms"];
  readonly word: RefObject<HTMLButtonElement | null>;
  readonly onClose: () => void;
}) {
  const { name, word, onClose } = props;
  const { t } = useTranslation("terms");
  const title = useId();
  // The popover itself is the dialog: its hidden buttons that close it for screen readers have to be within.
  return (
    <Popover
      isOpen
      className="popover"
      triggerRef={word}
      aria-labelledby={title}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <div className="stack-tight">
        <strong id={title}>{t(`${name}.word`)}</strong>
        <p>{t(`${name}.meaning`)}</p>
      </div>
    </Popover>
  );
}
