import { fromBase64url, fromUtf8, toBase64url, utf8 } from "../../../protocol/bytes.ts";
import { makeEvent } from "../../../protocol/event.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { signJws } from "../../../protocol/jws.ts";
import { parseSource } from "../../../protocol/source.ts";
import { makeSubmission } from "../../../protocol/submission.ts";
import {
  FACETS,
  LOG,
  p256Key,
  RECORDER_KEY,
  sampleEvents,
  sampleSubmission,
  seededRandom,
  SOURCE,
} from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("submissions", "json");
const random = seededRandom("submission vectors");
const hardwareKey = p256Key("recorder");

const events = sampleEvents(3, 41);
const body = sampleSubmission(events, 41);
const [one = "", two = "", three = ""] = events;
const heartbeat = (source = SOURCE) => makeEvent({ source, seq: 41, facets: FACETS.heartbeat, random });

const signed: unknown = JSON.parse(fromUtf8(fromBase64url(body.jws.split(".")[1] ?? "")));
if (!isJsonObject(signed)) throw new Error("a submission signs an object");

const header = { alg: RECORDER_KEY.alg, kid: RECORDER_KEY.kid, typ: "submission+jws" } as const;
const withBody = (change: object) => JSON.stringify({ ...body, ...change });
const withSigned = (change: object) =>
  withBody({ jws: signJws(header, { ...signed, ...change }, RECORDER_KEY.sign) });
/** The JWS with another header over the same payload, signed again. */
const withHeader = (change: object) => {
  const input = `${toBase64url(utf8(JSON.stringify({ ...header, ...change })))}.${body.jws.split(".")[1] ?? ""}`;
  return withBody({ jws: `${input}.${toBase64url(RECORDER_KEY.sign(utf8(input)))}` });
};

export const SUBMISSIONS: readonly Vector[] = [
  valid("three events signed with ed25519", JSON.stringify(body)),
  valid(
    "three events signed with p256",
    JSON.stringify(
      makeSubmission({
        log: LOG,
        source: SOURCE,
        first: 41,
        events,
        issuedAt: 1_795_000_000,
        ...hardwareKey,
      }),
    ),
  ),
  valid("one event", JSON.stringify(sampleSubmission([one], 41))),
  valid("spaces and members in another order", JSON.stringify({ events, jws: body.jws }, undefined, 2)),

  invalid("json", "not JSON", "jws"),
  invalid("json-duplicate-key", "two JWS", JSON.stringify(body).replace("{", '{"jws":"x",')),
  invalid("json-depth", "an event that is an object of objects", withBody({ events: [{}] })),
  invalid("submission", "an array", "[]"),
  invalid("submission", "no events member", JSON.stringify({ jws: body.jws })),
  invalid("submission", "an unknown member", withBody({ note: "" })),
  invalid("submission", "no event", withBody({ events: [] })),
  invalid("submission", "an event that is a number", withBody({ events: [1] })),
  invalid("submission", "a JWS that is a number", withBody({ jws: 1 })),
  invalid("submission-too-many-events", "1001 events", withBody({ events: new Array(1001).fill("x") })),
  invalid("submission-count", "fewer events than counted", withBody({ events: [one, two] })),
  invalid("submission-count", "more events than counted", withBody({ events: [one, two, three, three] })),
  invalid("submission-sequence", "another order", withBody({ events: [three, two, one] })),
  invalid("submission-sequence", "an event twice", withBody({ events: [one, one, three] })),
  invalid(
    "submission-source",
    "an event of another source",
    withBody({ events: [heartbeat(parseSource("qn-police/r2")), two, three] }),
  ),
  invalid(
    "submission-root",
    "another event under the number",
    withBody({ events: [heartbeat(), two, three] }),
  ),
  invalid("submission-root", "another root", withSigned({ root: toBase64url(new Uint8Array(32)) })),
  invalid("submission-root", "a root of 31 bytes", withSigned({ root: toBase64url(new Uint8Array(31)) })),
  invalid("base64url", "a root in standard base64", withSigned({ root: "=" })),
  invalid("event", "a bad event", withBody({ events: [one, two, "x"] })),
  invalid("log-id", "a log without a registry", withSigned({ log: "1:2:3" })),
  invalid("log-id", "a registry in capitals", withSigned({ log: `31337:0x${"5F".repeat(20)}:1` })),
  invalid("source", "a source without a recorder", withSigned({ src: "qn-police" })),
  invalid("submission-payload", "an unknown member", withSigned({ exp: 1 })),
  invalid("submission-payload", "a missing member", withSigned({ iat: undefined })),
  invalid("submission-payload", "first 0", withSigned({ first: 0 })),
  invalid("submission-payload", "count 0", withSigned({ count: 0 })),
  invalid("submission-payload", "count 1001", withSigned({ count: 1001 })),
  invalid("submission-payload", "numbers beyond 2 to the 53", withSigned({ first: Number.MAX_SAFE_INTEGER })),
  invalid("submission-payload", "a fractional time", withSigned({ iat: 1.5 })),
  invalid("submission-payload", "a negative time", withSigned({ iat: -1 })),
  invalid("jws-algorithm", "none", withHeader({ alg: "none" })),
  invalid("jws-algorithm", "a shared secret", withHeader({ alg: "HS256" })),
  invalid("jws-type", "a receipt", withHeader({ typ: "receipt+jws" })),
  invalid("jws-type", "no type", withHeader({ typ: undefined })),
  invalid("jws-header", "an unknown member", withHeader({ jwk: {} })),
  invalid("jws-header", "critical members", withHeader({ crit: ["exp"] })),
  invalid("jws-header", "a kid that is no thumbprint", withHeader({ kid: "key-1" })),
  invalid("jws", "no signature", withBody({ jws: `${body.jws.split(".").slice(0, 2).join(".")}.` })),
  invalid("jws", "two parts", withBody({ jws: body.jws.split(".").slice(0, 2).join(".") })),
];
