import { type Decision, makeDecision } from "../../../protocol/decision-jws.ts";
import { signJws } from "../../../protocol/jws.ts";
import { formatLogId } from "../../../protocol/log-id.ts";
import {
  LOG,
  p256Key,
  RECEIPT_KEY,
  sampleEvents,
  sampleReceipt,
  sampleSubmission,
} from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("decisions", "jws");

const YES: Decision = {
  ...{ log: LOG, jti: "bWluaGJhY2gtZGVjaXNpbw", iat: 1_795_000_000, exp: 1_795_000_300 },
  subject: { scheme: "vn-cccd", id: "999199000001" },
  ...{ agency: "qn-water", procedure: "BUILD_PERMIT", personalData: ["pd:Name", "pd:PhysicalAddress"] },
  ...{ action: "read", decision: true, reason: "consent", consent: "6f1c2a52-8d0e-4f0b-9b0a-2d1f5f1f7a11" },
  ...{ obligations: [], size: 41 },
  catalogue: { version: "2026-11-22.2", digest: "T2ZmaWNlIG9mIENpdmlsIFN0YXR1cywgUXVhbmcgTmc" },
};
const { consent: _consent, ...PLAIN } = YES;
const LAW: Decision = {
  ...PLAIN,
  ...{
    agency: "qn-justice",
    procedure: "BIRTH_REG",
    provider: "qn-hospital",
    personalData: ["pd:BirthDate"],
  },
  ...{ reason: "law", basis: { law: "63/2024/NĐ-CP" }, obligations: ["inspect-afterwards"] },
};
const EMERGENCY: Decision = {
  ...PLAIN,
  ...{ reason: "emergency", obligations: ["notify-person", "review-emergency"] },
  emergency: { reason: "Nhà đang cháy", overrides: "consent-missing" },
};

const made = (decision: Decision, key = RECEIPT_KEY): string => makeDecision(decision, key);
const signed = (change: object): string => {
  const { log, ...others } = YES;
  return signJws(
    { alg: RECEIPT_KEY.alg, kid: RECEIPT_KEY.kid, typ: "decision+jws" },
    { log: formatLogId(log), ...others, ...change },
    RECEIPT_KEY.sign,
  );
};

export const DECISIONS: readonly Vector[] = [
  valid("yes with consent", made(YES)),
  valid("yes by law from one provider", made(LAW)),
  valid(
    "yes by law and consent",
    made({ ...YES, reason: "law-and-consent", basis: { law: "91/2025/QH15", article: "19.1.c" } }),
  ),
  valid("yes in an emergency", made(EMERGENCY)),
  valid("no", made({ ...PLAIN, decision: false, reason: "consent-withdrawn" })),
  valid("yes to a machine", made({ ...YES, automated: true })),
  valid(
    "no to a machine that a person objects to",
    made({ ...PLAIN, automated: true, decision: false, reason: "objected" }),
  ),
  valid("as short as its consent", made({ ...YES, exp: YES.iat + 7 })),
  valid("signed with p256", made(YES, p256Key("receipt"))),

  invalid("jws-type", "a receipt", sampleReceipt(sampleSubmission(sampleEvents(3)))),
  invalid("decision", "an unknown member", signed({ nonce: "1" })),
  invalid("decision", "a missing member", signed({ size: undefined })),
  invalid("decision", "six minutes", signed({ exp: YES.iat + 360 })),
  invalid("decision", "an end before the beginning", signed({ exp: YES.iat - 1 })),
  invalid("decision", "a no that is permitted", signed({ decision: false })),
  invalid("decision", "a yes that is denied", signed({ reason: "consent-missing" })),
  invalid("decision", "a consent that is not named", signed({ consent: undefined })),
  invalid("decision", "a law beside a consent that is enough", signed({ basis: { law: "91/2025/QH15" } })),
  invalid(
    "decision",
    "an emergency that is not explained",
    signed({ reason: "emergency", consent: undefined }),
  ),
  invalid(
    "decision",
    "an emergency that a machine declares",
    signed({ reason: "emergency", consent: undefined, emergency: EMERGENCY.emergency, automated: true }),
  ),
  invalid(
    "decision",
    "an objection where no machine asks",
    signed({ decision: false, reason: "objected", consent: undefined }),
  ),
  invalid("decision", "an unknown obligation", signed({ obligations: ["pay"] })),
  invalid(
    "decision",
    "a person with a role",
    signed({ subject: { scheme: "vn-cccd", id: "999199000001", role: "child" } }),
  ),
  invalid(
    "decision",
    "a number in another spelling",
    signed({ subject: { scheme: "vn-cccd", id: "9991 9900 0001" } }),
  ),
  invalid("decision", "a short id", signed({ jti: "AAAA" })),
  invalid("log-id", "a log without a registry", signed({ log: "1:2:3" })),
];
