/** Every way the recorder refuses or stops, as sent on its wire. The HTTP status of each stands in service-errors.ts alone. */
export type RecorderCode =
  /** The plain event breaks a rule of its type or of one facet; nothing was spooled. */
  | "invalid-event"
  /** The backlog is over its limit; try again when the ledger has taken some of it. */
  | "spool-full"
  /** The disk refused a write; nothing was acknowledged. */
  | "spool-failed"
  /** The recorder is closing or closed. */
  | "closed"
  /** This source must not be continued (restored from a backup, or the ledger lost what it promised). */
  | "stopped"
  /** The spool on disk belongs to another source or log, or has a format this version does not know. */
  | "wrong-spool"
  /** The signing key file is missing, readable by others, or holds no usable key. */
  | "bad-key-file"
  /** A setting is missing or out of its range. */
  | "bad-setting"
  /** A mapping file does not follow its schema. */
  | "bad-mapping"
  /** An imported file is not what it should be as a whole. */
  | "bad-import"
  /** One record of an imported file can't be used; the others go on. */
  | "bad-record";

/**
 * The one error of the recorder. The message tells what to do next and holds no personal data; `facet` names the
 * faulty facet (with the path inside it) where there is one.
 */
export class RecorderError extends Error {
  readonly code: RecorderCode;
  readonly facet: string | undefined;
  /** Place of the faulty event among those handed in together, from 0. */
  readonly position: number | undefined;

  constructor(
    code: RecorderCode,
    message: string,
    options: { facet?: string; position?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RecorderError";
    this.code = code;
    this.facet = options.facet;
    this.position = options.position;
  }
}

/** Whether the recorder cannot start before somebody changed a setting or a file that one names. */
export function isFaultOfSettings({ code }: RecorderError): boolean {
  return ["bad-key-file", "bad-setting", "bad-mapping", "wrong-spool"].includes(code);
}
