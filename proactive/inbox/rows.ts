import { hash } from "node:crypto";
import type { Answer, CaseProgress, GivenAnswer, Preferences, ReceivedAnswer, ShownCase } from "./message.ts";
import type { Text } from "../rules/rule.ts";
import type { InboxId, Sealing } from "./sealing.ts";

/** A message as it is kept. */
export interface MessageRow {
  readonly agency: string;
  readonly key: string;
  readonly caseId: string;
  readonly procedure: string;
  readonly text: Text;
  readonly answers: readonly Answer[];
  readonly until?: number;
  readonly at: number;
  readonly given?: GivenAnswer & { readonly at: number };
  /** Its place among the changes of the inbox. */
  readonly change: number;
}

/** A case as one inbox shows it; without progress it is not this person's any more. */
export interface CaseRow {
  readonly procedure: string;
  readonly progress?: CaseProgress;
  readonly change: number;
}

/** Whose a case is, and by which message. */
export interface CaseHolder {
  readonly inbox: InboxId;
  /** Number of the last message about it. */
  readonly message: number;
  readonly procedure: string;
}

/** Which message a key stands for, and what it said. */
export interface KeyRow {
  readonly inbox: InboxId;
  readonly message: number;
  /** Hash of everything but `until`, which moves with each attempt. */
  readonly says: string;
}

/** How far an inbox's numbers were given out. */
export interface Counters {
  readonly messages: number;
  readonly changes: number;
}

/** What a change is about: a message by its number, or a case of an agency. */
export type ChangedThing =
  { readonly message: number } | { readonly case: Pick<ShownCase, "agency" | "caseId"> };

const DIGITS = 12;

function padded(number: number): string {
  return String(number).padStart(DIGITS, "0");
}

/** Names in keys hold no colon: inboxes and hashes are base64url, agencies and cases have their grammars. */
export const places = {
  /** Which secret the folder is sealed with. */
  secret: "secret",
  message: (inbox: InboxId, number: number) => `message:${inbox}:${padded(number)}`,
  case: (inbox: InboxId, { agency, caseId }: Pick<ShownCase, "agency" | "caseId">) =>
    `case:${inbox}:${agency}:${caseId}`,
  change: (inbox: InboxId, number: number) => `change:${inbox}:${padded(number)}`,
  counters: (inbox: InboxId) => `counters:${inbox}`,
  preferences: (inbox: InboxId) => `preferences:${inbox}`,
  key: (agency: string, key: string) => `key:${agency}:${hash("sha256", key, "base64url")}`,
  holder: (agency: string, caseId: string) => `holder:${agency}:${caseId}`,
  answer: (agency: string, number: number) => `answer:${agency}:${padded(number)}`,
} as const;

/** The last part of a key that ends in a number. */
export function numberIn(place: string): number {
  return Number(place.slice(-DIGITS));
}

/** What a row holds, by where it stands; only this module and those who write with it know. */
export interface RowTypes {
  readonly message: MessageRow;
  readonly case: CaseRow;
  readonly change: ChangedThing;
  readonly counters: Counters;
  readonly preferences: Preferences;
  readonly key: KeyRow;
  readonly holder: CaseHolder;
  readonly answer: Omit<ReceivedAnswer, "number">;
}

/** Reads a row that this service wrote: sealed and authenticated, so its form is what was put there. */
export function rowAt<K extends keyof RowTypes>(
  _kind: K,
  { open }: Pick<Sealing, "open">,
  { place, sealed }: { readonly place: string; readonly sealed: Uint8Array },
): RowTypes[K] {
  return open(place, sealed) as RowTypes[K];
}
