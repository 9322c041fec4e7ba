import { expect } from "chai";
import fc from "fast-check";
import { LedgerError } from "../../../server/errors.ts";
import { parseBack } from "../../../server/portal/back.ts";

const ORIGIN = "https://ledger.example";

/** What the server answers there by itself. */
const NO_PAGE = /^\/portal\/((sign-on|signed-on|sign-off|session|trust)\/?$|inbox\/.)/i;

describe("server/portal/back", () => {
  it("keeps a page of the portal with its query and fragment", () => {
    for (const back of [
      "/portal/",
      "/portal/my-data?year=2026#e-1",
      "/verify",
      "/portal/consents/a%20b",
      "/portal/inbox",
    ])
      expect(parseBack(back)).to.equal(back);
    expect(parseBack(undefined)).to.equal("/portal/");
  });

  it("whatever is given, a browser is led to a page of the portal or nowhere", () => {
    const piece = fc.constantFrom(
      ...[
        "/",
        "//",
        "\\",
        "portal",
        "verify",
        "..",
        ".",
        "%2e%2e",
        "%2f",
        "@",
        ":",
        "?",
        "#",
        "evil.example",
      ],
      ...["https", "javascript:", "\t", "\n", "\r", " ", "\u0000", "é", "//evil.example", "/portal/"],
      ...["sign-on", "Sign-Off", "inbox", "session", "trust"],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
        ),
        (value) => {
          let back: string;
          try {
            back = parseBack(value);
          } catch (error) {
            return error instanceof LedgerError && error.code === "bad-request";
          }
          const { origin, pathname } = new URL(back, `${ORIGIN}/portal/signed-on`);
          const isPage = pathname === "/verify" || pathname.startsWith("/portal/");
          return origin === ORIGIN && isPage && !NO_PAGE.test(pathname);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("refuses what is longer than a page's address", () => {
    expect(() => parseBack(`/portal/${"a".repeat(1100)}`)).to.throw(LedgerError);
  });
});
