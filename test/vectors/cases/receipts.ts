import { toBase64url } from "../../../protocol/bytes.ts";
import { signJws } from "../../../protocol/jws.ts";
import { formatLogId } from "../../../protocol/log-id.ts";
import {
  LOG,
  p256Key,
  RECEIPT_KEY,
  sampleEvents,
  sampleReceipt,
  sampleSubmission,
  SOURCE,
} from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("receipts", "jws");
const body = sampleSubmission(sampleEvents(3));
const promise = {
  log: formatLogId(LOG),
  src: SOURCE,
  first: 1,
  count: 3,
  root: toBase64url(new Uint8Array(32)),
  index: 40,
  time: 1_795_000_001,
  anchorBy: 1_795_000_601,
  indexBy: 0,
};
const signed = (change: object, key = RECEIPT_KEY) =>
  signJws({ alg: key.alg, kid: key.kid, typ: "receipt+jws" }, { ...promise, ...change }, key.sign);

const reordered = () => {
  const { log, ...rest } = promise;
  return signJws(
    { alg: RECEIPT_KEY.alg, kid: RECEIPT_KEY.kid, typ: "receipt+jws" },
    { ...rest, log },
    RECEIPT_KEY.sign,
  );
};

export const RECEIPTS: readonly Vector[] = [
  valid("three events", sampleReceipt(body)),
  valid("with an index promise", sampleReceipt(body, { indexBy: 1_795_003_601 })),
  valid("the first event of a log", sampleReceipt(body, { index: 0 })),
  valid("members in another order", reordered()),
  valid("signed with p256", signed({}, p256Key("receipt"))),

  invalid("jws-type", "a submission", body.jws),
  invalid("receipt", "an unknown member", signed({ exp: 1 })),
  invalid("receipt", "a missing member", signed({ indexBy: undefined })),
  invalid("receipt", "a negative index", signed({ index: -1 })),
  invalid("receipt", "indexes beyond 2 to the 53", signed({ index: Number.MAX_SAFE_INTEGER })),
  invalid("receipt", "numbers beyond 2 to the 53", signed({ first: Number.MAX_SAFE_INTEGER })),
  invalid("receipt", "number 0", signed({ first: 0 })),
  invalid("receipt", "no events", signed({ count: 0 })),
  invalid("receipt", "1001 events", signed({ count: 1001 })),
  invalid("receipt", "a time in text", signed({ time: "10" })),
  invalid("receipt", "a fractional promise", signed({ anchorBy: 0.5 })),
  invalid("submission-root", "a short root", signed({ root: "AAAA" })),
  invalid("source", "a source without a recorder", signed({ src: "qn-police" })),
  invalid("log-id", "a log without a registry", signed({ log: "1:2:3" })),
];
