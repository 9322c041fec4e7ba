import { type ReactNode, useRef } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";

import type { Words } from "../words/vi/index.ts";
import { loadMeaning, useOverlay } from "./overlays.ts";
import { useFault } from "./states.tsx";

export type TermName = keyof Words["terms"];

/** A word that is explained where it stands: press it. */
export function Term({ name, children }: { readonly name: TermName; readonly children: ReactNode }) {
  const { Overlay: Meaning, error, open, close } = useOverlay(loadMeaning);
  const word = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Button ref={word} className="term" aria-haspopup="dialog" data-term={name} onPress={() => void open()}>
        {children}
      </Button>
      {error && <Unexplained error={error} />}
      {Meaning && <Meaning name={name} word={word} onClose={close} />}
    </>
  );
}

/** Why the word is not explained, within its sentence. */
function Unexplained({ error }: { readonly error: unknown }) {
  const { title, advice } = useFault(error);
  return <span role="alert" className="quiet">{` (${title}. ${advice})`}</span>;
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
