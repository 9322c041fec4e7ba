import { useState } from "react";

import type { ComparedWith } from "./messages.ts";

const STORED = "minhbach.log";

/**
 * Which log this browser compared with last. The server names its log itself; whoever got hold of it could name another one, and this is where a browser
 * that has been here before notices.
 */
export function usePin(named: ComparedWith | undefined): {
  /** The log known before, when it is another one. */
  readonly before: string | undefined;
  /** From now on the named one is the known one. */
  readonly accept: () => void;
} {
  const [pinned, setPinned] = useState(() => localStorage.getItem(STORED));
  const accept = (): void => {
    if (named === undefined) return;
    localStorage.setItem(STORED, named.identity);
    setPinned(named.identity);
  };
  const isOther = named !== undefined && pinned !== null && pinned !== named.identity;
  return { before: isOther ? pinned : undefined, accept };
}

/** Remembers the log that a statement proved to agree with, where none is known yet. */
export function pinFirst(named: ComparedWith): void {
  if (localStorage.getItem(STORED) === null) localStorage.setItem(STORED, named.identity);
}
