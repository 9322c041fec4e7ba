import { type ReactNode, Suspense, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";

import type { Words } from "../words/vi/index.ts";
import { Meaning } from "./overlays.ts";

export type TermName = keyof Words["terms"];

/** A word that is explained where it stands: press it. */
export function Term({ name, children }: { readonly name: TermName; readonly children: ReactNode }) {
  const [isOpen, setIsOpen] = useState(false);
  const word = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Button
        ref={word}
        className="term"
        aria-haspopup="dialog"
        data-term={name}
        onPress={() => setIsOpen(true)}
      >
        {children}
      </Button>
      {isOpen && (
        <Suspense>
          <Meaning name={name} word={word} onClose={() => setIsOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

/** A marked word in a text: `<chain>blockchain</chain>`. */
const MARKED = /<(\w+)>([^<]*)<\/\w+>/;

/** A text whose marked words explain themselves. */
export function Explained({ text }: { readonly text: string }) {
  const { i18n } = useTranslation();
  const isTerm = (name: string | undefined): name is TermName => i18n.exists(`terms:${name ?? ""}.word`);
  // Of the pieces, each second is the name of a term and each third the word that it explains.
  const pieces = text.split(MARKED);
  return pieces.map((piece, at) => {
    const name = pieces[at - 1];
    if (at % 3 === 0) return piece;
    if (at % 3 === 1) return null;
    return isTerm(name) ? (
      <Term key={at} name={name}>
        {piece}
      </Term>
    ) : (
      piece
    );
  });
}
