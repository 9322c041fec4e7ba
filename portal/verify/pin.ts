import { useState } from "react";

import type { CheckedStatement, ComparedWith } from "./messages.ts";

const STORED = "minhbach.log";

/** How the log that the server names stands to the one that this browser knows. */
export interface Pin {
  /** The log known before, when it is another one. */
  readonly before: string | undefined;
  /** From now on the named one is the known one. */
  readonly accept: () => void;
}

/**
 * Which log this browser compared with last. The server names its log itself; whoever got hold of it could name another one, and this is where a browser
 * that has been here before notices.
 */
export function usePin(named: ComparedWith | undefined): Pin {
  const [pinned, setPinned] = useState(() => localStorage.getItem(STORED));
  const accept = (): void => {
    if (named === undefined) return;
    localStorage.setItem(STORED, named.identity);
    setPinned(named.identity);
  };
  const isOther = named !== undefined && pinned !== null && pinned !== named.identity;
  return { before: isOther ? pinned : undefined, accept };
}

/** Whether nothing speaks against a statement: every check is good, and none was made against another log than the known one. */
export function isProven({ verdict }: CheckedStatement, { before }: Pin): boolean {
  return isVerified(verdict) && before === undefined;
}

/** Whether the checks are good, whichever log they were made against. */
export function isVerified(verdict: CheckedStatement["verdict"]): boolean {
  return verdict === "valid" || verdict === "development";
}

/** The name of a log, as people can compare it. */
export function shortened(identity: string): string {
  return identity.replaceAll(/(0x[0-9a-f]{6})[0-9a-f]+/g, "$1…");
}

/** Remembers the log that a statement proved to agree with, where none is known yet. */
export function pinFirst(named: ComparedWith): void {
  if (localStorage.getItem(STORED) === null) localStorage.setItem(STORED, named.identity);
}
