import type { Problem } from "../exchange/problem.ts";

/** Why a request is not answered, with its HTTP status. */
const STATUS = {
  unauthenticated: 401,
  forbidden: 403,
  "not-yours": 403,
  "sign-on-unavailable": 503,
  "bad-request": 400,
  "no-such-message": 404,
  "unknown-case": 404,
  "other-message": 409,
  "not-offered": 409,
  "already-answered": 409,
  superseded: 409,
  "too-late": 409,
  "case-over": 409,
  behind: 409,
  "too-many-open": 429,
  overloaded: 503,
} as const;

export type InboxFault = keyof typeof STATUS;

/** The service refuses a request; the message says what to do, and nothing of what was sent. */
export class InboxRefusal extends Error {
  override readonly name = "InboxRefusal";
  readonly code: InboxFault;

  constructor(code: InboxFault, message: string) {
    super(message);
    this.code = code;
  }
}

export function problemOf({ code, message }: InboxRefusal): Problem {
  return { status: STATUS[code], code, detail: message };
}
