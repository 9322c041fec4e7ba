import { signJws } from "../../../protocol/jws.ts";
import { formatLogId } from "../../../protocol/log-id.ts";
import {
  ed25519Key,
  LOG,
  p256Key,
  sampleEvents,
  sampleReceipt,
  sampleSubmission,
} from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("sign-ons", "jws");
const DESK_KEY = ed25519Key("desk");
const statement = {
  log: formatLogId(LOG),
  src: "qn-operator/desk",
  seq: 7,
  role: "inspector",
  agency: "qn-inspectorate",
  iss: "https://sign-on.example",
  sub: "inspector-4711",
  jti: "token-1",
  client_id: "portal",
  auth_time: 1_794_999_900,
  acr: "urn:vneid:level2",
  exp: 1_795_000_500,
  token: "A".repeat(43),
  iat: 1_795_000_001,
};
const signed = (change: object, key = DESK_KEY): string =>
  signJws({ alg: key.alg, kid: key.kid, typ: "sign-on+jws" }, { ...statement, ...change }, key.sign);

/** What is never there when a token does not say it. */
const WITHOUT = {
  ...{ agency: undefined, sub: undefined, jti: undefined },
  ...{ client_id: undefined, auth_time: undefined, acr: undefined },
};

export const SIGN_ONS: readonly Vector[] = [
  valid("everything that a token can say", signed({})),
  valid("as little as a token says", signed({ ...WITHOUT, role: "citizen" })),
  valid("signed with p256", signed({}, p256Key("desk"))),
  valid("the longest texts", signed({ iss: "i".repeat(256), sub: "s".repeat(255), jti: '"'.repeat(256) })),

  invalid("jws-type", "a receipt", sampleReceipt(sampleSubmission(sampleEvents(1)))),
  invalid("sign-on", "an unknown member", signed({ bearer: "secret" })),
  invalid("sign-on", "no token digest", signed({ token: undefined })),
  invalid("sign-on", "a token instead of its digest", signed({ token: "eyJhbGciOiJFZERTQSJ9.e30.AA" })),
  invalid("sign-on", "a role that acts for nobody", signed({ role: "public" })),
  invalid("sign-on", "number 0", signed({ seq: 0 })),
  invalid("sign-on", "a time in text", signed({ exp: "1795000500" })),
  invalid("sign-on", "a fractional time", signed({ auth_time: 0.5 })),
  invalid("sign-on", "an empty text", signed({ sub: "" })),
  invalid("sign-on", "a text that is too long", signed({ sub: "s".repeat(256) })),
  invalid("sign-on", "a text beyond ascii", signed({ acr: "mức 2" })),
  invalid("source", "a source without a recorder", signed({ src: "qn-operator" })),
  invalid("log-id", "a log without a registry", signed({ log: "1:2:3" })),
];
