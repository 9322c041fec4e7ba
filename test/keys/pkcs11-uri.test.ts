import { expect } from "chai";
import { KeyError } from "../../keys/errors.ts";
import { isPkcs11Uri, parsePkcs11Uri } from "../../keys/pkcs11-uri.ts";

const LIBRARY = "module-path=/usr/lib/softhsm/libsofthsm2.so";

describe("keys/pkcs11-uri", () => {
  it("reads token, object, id, library and PIN file (RFC 7512)", () => {
    const text = `pkcs11:token=ledger%20keys;object=receipt;id=%01%ff;type=private?${LIBRARY}&pin-source=file:/run/pin`;
    expect(isPkcs11Uri(text)).to.equal(true);
    expect(parsePkcs11Uri(text)).to.deep.equal({
      modulePath: "/usr/lib/softhsm/libsofthsm2.so",
      token: { label: "ledger keys", serial: undefined },
      key: { label: "receipt", id: Uint8Array.of(1, 255) },
      pinFile: "/run/pin",
    });
    const bySerial = parsePkcs11Uri(`pkcs11:serial=03a3;id=%0a?${LIBRARY}&pin-source=/run/pin`);
    expect(bySerial).to.deep.include({ token: { label: undefined, serial: "03a3" }, pinFile: "/run/pin" });
  });

  const refused: Record<string, string> = {
    "a PIN in it": `pkcs11:token=t;object=o?${LIBRARY}&pin-value=s3cret`,
    "no token": `pkcs11:object=o?${LIBRARY}`,
    "no key": `pkcs11:token=t?${LIBRARY}`,
    "no library": "pkcs11:token=t;object=o",
    "a relative library": "pkcs11:token=t;object=o?module-path=lib.so",
    "a relative PIN file": `pkcs11:token=t;object=o?${LIBRARY}&pin-source=pin`,
    "a command for the PIN": `pkcs11:token=t;object=o?${LIBRARY}&pin-source=|cat`,
    "an unknown attribute": `pkcs11:token=t;object=o;slot-id=1?${LIBRARY}`,
    "an attribute twice": `pkcs11:token=t;token=u;object=o?${LIBRARY}`,
    "a public key": `pkcs11:token=t;object=o;type=public?${LIBRARY}`,
    "a broken escape": `pkcs11:token=t%2;object=o?${LIBRARY}`,
    "an empty value": `pkcs11:token=;object=o?${LIBRARY}`,
    "a blank": `pkcs11:token=t u;object=o?${LIBRARY}`,
    "two question marks": `pkcs11:token=t;object=o?${LIBRARY}?x=y`,
    "another scheme": `file:token=t;object=o?${LIBRARY}`,
  };
  for (const [name, text] of Object.entries(refused))
    it(`refuses ${name} without repeating the URI`, () => {
      expect(() => parsePkcs11Uri(text))
        .to.throw(KeyError)
        .that.satisfies(({ code, message }: KeyError) => code === "bad-uri" && !message.includes("s3cret"));
    });
});
