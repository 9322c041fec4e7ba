/** Every check of the public part of a log, in order: its stable id, and what it asserts. */
export const LOG_CHECKS = {
  chain: "The node serves the trusted chain",
  registries: "Both registries are on it",
  checkpoint: "The log signed the checkpoint",
  entries: "Every entry is an event",
  submissions: "Every entry belongs to exactly one signed submission",
  sequences: "The numbers of every source run without gaps",
  signatures: "Every submission was signed by its recorder's key of that time",
  receipts: "Every submission has its receipt, signed by the log",
  promises: "Every promise of a receipt was kept",
  tiles: "Every tile follows from the entries",
  anchors: "Every anchor on the chain follows from the entries",
  "published-anchors": "The ledger lists the chain's anchors and no others",
  root: "The checkpoint follows from the entries",
} as const;

export type LogCheckId = keyof typeof LOG_CHECKS;

/** What an audit found wrong first. The message says in which way, and holds no personal data. */
export class AuditFault extends Error {
  override readonly name = "AuditFault";
  /** The check it fails. */
  readonly check: string;
  /** The first entry of the log that is wrong, from 0. */
  readonly index: number;

  constructor(check: string, index: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.check = check;
    this.index = index;
  }
}

/** What holds, but its reader should know: how often, where first, and what. */
export interface Remark {
  readonly count: number;
  readonly index: number;
  readonly detail: string;
}

/** Remarks by check: the first of each is kept, the others are counted. */
export type Remarks = { readonly [check: string]: Remark };

/** The remarks with one more. */
export function remarked(remarks: Remarks, check: string, index: number, detail: string): Remarks {
  const earlier = remarks[check];
  const remark =
    earlier === undefined ? { count: 1, index, detail } : { ...earlier, count: earlier.count + 1 };
  return { ...remarks, [check]: remark };
}
