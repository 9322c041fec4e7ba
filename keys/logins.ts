import { createHash } from "node:crypto";
import { CKR, type Cryptoki, OK, type TokenInfo } from "./cryptoki.ts";
import { KeyError } from "./errors.ts";

const PIN_REFUSED: ReadonlySet<number> = new Set([
  CKR.PIN_INCORRECT,
  CKR.PIN_INVALID,
  CKR.PIN_LEN_RANGE,
  CKR.PIN_EXPIRED,
  CKR.PIN_LOCKED,
  CKR.USER_PIN_NOT_INITIALIZED,
]);

/**
 * Gives PINs to the tokens of one library, so that none locks itself: one after the other, never again one that the token refused, whichever key
 * asks, and none where one more wrong one would be the last.
 */
export class Logins {
  readonly #refused = new Map<string, KeyError>();
  #last: Promise<unknown> = Promise.resolve();

  /** @throws KeyError `wrong-pin` for ever once this PIN was refused; `unavailable` */
  async login(
    cryptoki: Pick<Cryptoki, "login">,
    session: bigint,
    token: TokenInfo,
    pin: string,
  ): Promise<void> {
    const turn = this.#last.then(async () => await this.#loginOnce(cryptoki, session, token, pin));
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  async #loginOnce(
    cryptoki: Pick<Cryptoki, "login">,
    session: bigint,
    token: TokenInfo,
    pin: string,
  ): Promise<void> {
    const which = [token.serial, token.label, createHash("sha256").update(pin).digest("hex")].join("\n");
    const refused = this.#refused.get(which);
    if (refused !== undefined) throw refused;
    if (token.hasOneTryLeft)
      throw new KeyError(
        "wrong-pin",
        "The PKCS#11 token locks itself at one more wrong PIN, so it is given none: log in once with the token's own tool, then start again.",
      );
    const code = await cryptoki.login(session, pin);
    if (code === OK || code === CKR.USER_ALREADY_LOGGED_IN) return;
    if (!PIN_REFUSED.has(code)) throw unavailable("lets nobody log in", code);
    const message = "The PKCS#11 token refuses the PIN: put it right, then start again.";
    const refusal = new KeyError("wrong-pin", message);
    this.#refused.set(which, refusal);
    throw refusal;
  }
}

/** What the token does not do at the moment, with the CKR_ that it answered. */
export function unavailable(what: string, code: number): KeyError {
  return new KeyError("unavailable", `The PKCS#11 token ${what} (0x${code.toString(16)}).`);
}
