import { expect } from "chai";
import { CKR, OK, type TokenInfo, tokenInfoOf } from "../../keys/cryptoki.ts";
import { Logins } from "../../keys/logins.ts";

const TOKEN: TokenInfo = { label: "ledger keys", serial: "03a3", hasOneTryLeft: false };

/** A token that answers so, and the PINs that it was given. */
function answering(code: number): {
  pins: string[];
  login: (session: bigint, pin: string) => Promise<number>;
} {
  const pins: string[] = [];
  return {
    pins,
    login: async (_session, pin) => {
      pins.push(pin);
      await new Promise(setImmediate);
      return code;
    },
  };
}

async function codeOf(work: Promise<void>): Promise<unknown> {
  return await work.then(
    () => "in",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
}

describe("keys/logins", () => {
  it("gives a token a PIN that it refused once, however many keys ask at once", async () => {
    const logins = new Logins();
    const token = answering(CKR.PIN_INCORRECT);
    const asked = [1n, 2n, 3n, 4n].map(async (session) => await logins.login(token, session, TOKEN, "1111"));
    expect(await Promise.all(asked.map(codeOf))).to.deep.equal(asked.map(() => "wrong-pin"));
    expect(token.pins).to.deep.equal(["1111"]);
  });

  it("goes on giving other PINs, and the same one to other tokens", async () => {
    const logins = new Logins();
    await codeOf(logins.login(answering(CKR.PIN_INCORRECT), 1n, TOKEN, "1111"));
    expect(await codeOf(logins.login(answering(OK), 1n, TOKEN, "2222"))).to.equal("in");
    expect(await codeOf(logins.login(answering(OK), 1n, { ...TOKEN, serial: "03a4" }, "1111"))).to.equal(
      "in",
    );
  });

  it("is in where another session is, and asks again after any other failure", async () => {
    const logins = new Logins();
    const GENERAL_ERROR = 5;
    expect(await codeOf(logins.login(answering(GENERAL_ERROR), 1n, TOKEN, "1111"))).to.equal("unavailable");
    const token = answering(CKR.USER_ALREADY_LOGGED_IN);
    expect(await codeOf(logins.login(token, 1n, TOKEN, "1111"))).to.equal("in");
  });

  it("gives no PIN to a token that one more wrong one locks", async () => {
    const token = answering(OK);
    expect(await codeOf(new Logins().login(token, 1n, { ...TOKEN, hasOneTryLeft: true }, "1111"))).to.equal(
      "wrong-pin",
    );
    expect(token.pins).to.deep.equal([]);
  });

  it("reads label, serial and the flag of the last try where PKCS#11 puts them", () => {
    const info = new Uint8Array(256).fill(0x20, 0, 96);
    info.set(new TextEncoder().encode("ledger keys"));
    info.set(new TextEncoder().encode("03a3"), 80);
    expect(tokenInfoOf(info)).to.deep.equal(TOKEN);
    // CKF_USER_PIN_FINAL_TRY, 0x00020000 of a CK_ULONG with the lowest byte first; the one before says that PINs were wrong.
    info.set([0, 0, 0b01], 96);
    expect(tokenInfoOf(info).hasOneTryLeft).to.equal(false);
    info.set([0, 0, 0b11], 96);
    expect(tokenInfoOf(info).hasOneTryLeft).to.equal(true);
  });
});
