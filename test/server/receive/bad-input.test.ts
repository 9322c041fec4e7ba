import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { signJws } from "../../../protocol/jws.ts";
import type { SubmissionBody } from "../../../protocol/submission.ts";
import { LedgerError } from "../../../server/errors.ts";
import { ERASE, RECORD, SEAL } from "../../../server/receive/keys.ts";
import { receivingLedger, type ReceivingLedger } from "./ledger.ts";
import { base64url, decoys, disclosure, heartbeat, rawEvent, type RawEvent } from "./raw-event.ts";
import {
  accessFacets,
  LOG,
  mandateFacets,
  testDirectory,
  testRecorder,
  type TestRecorder,
} from "./recorder.ts";

const recorder = testRecorder("qn-police/r1");
const revoked = testRecorder("qn-police/r2");
const suspended = testRecorder("qn-tax/r1");
const later = testRecorder("qn-health/r1");
const twisted = testRecorder("qn-health/r2");
const stranger = testRecorder("qn-police/r1");
const court = testRecorder("qn-court/r1");
const desk = testRecorder("minhbach/desk");
const { source } = recorder;
const good = recorder.event(1);

/** The point of order 2: canonically encoded, and no key anybody should have. */
const UNSAFE_POINT = new Uint8Array(32).fill(255, 1, 31).fill(0xec, 0, 1).fill(0x7f, 31);

const directory = testDirectory([
  recorder.listed(),
  revoked.listed({ revoked: true }),
  suspended.listed({ entitlements: 0 }),
  later.listed({ fromSeq: 10, toSeq: 20 }),
  twisted.listed({ key: UNSAFE_POINT }),
  court.listed({ entitlements: RECORD | SEAL | ERASE }),
  desk.listed(),
]);

/** A signed submission of one hand-made event. */
function made(changes: Partial<RawEvent>): SubmissionBody {
  return recorder.submission(1, [rawEvent({ source, seq: 1, disclosures: heartbeat(), ...changes })]);
}

/** The same submission with another payload signed. */
function resigned(
  events: readonly string[],
  change: (payload: Record<string, unknown>) => object,
): SubmissionBody {
  const { jws } = recorder.submission(1, events);
  const payload = JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;
  const header = { alg: "EdDSA", kid: recorder.kid, typ: "submission+jws" } as const;
  return { jws: signJws(header, change(payload), recorder.sign), events };
}

/** The same submission with another header, not even signed. */
function reheaded(header: object): SubmissionBody {
  const { jws, events } = recorder.submission(1, [good]);
  const [, payload, signature] = jws.split(".");
  return { jws: `${base64url(JSON.stringify(header))}.${payload}.${signature}`, events };
}

function text(body: SubmissionBody): string {
  return JSON.stringify(body);
}

const subject = { scheme: "vn-cccd", id: "012345678901" };
const [type, beat, time] = heartbeat();
const required = [type ?? "", beat ?? "", time ?? ""];
const withFacet = (json: string) => made({ disclosures: [...required, json, ...decoys(4)] });
const inEvent = (change: (event: string) => string) => recorder.submission(1, [change(good)]);

const CASES: readonly [fault: string, body: () => SubmissionBody | string, status: number, code: string][] = [
  ["not JSON", () => "{", 400, "json"],
  ["nothing", () => "", 400, "json"],
  ["JSON that is no submission", () => '["jws","events"]', 400, "submission"],
  ["a third member", () => `{"more":1,${text(recorder.submission(1, [good])).slice(1)}`, 400, "submission"],
  ["no events", () => text({ ...recorder.submission(1, [good]), events: [] }), 400, "submission"],
  [
    "too many events",
    () => text({ jws: "a.b.c", events: Array.from({ length: 1001 }, () => "~") }),
    400,
    "submission-too-many-events",
  ],
  [
    "a duplicate key in the body",
    () => text(recorder.submission(1, [good])).replace("{", '{"jws":"x",'),
    400,
    "json-duplicate-key",
  ],
  ["deep JSON as the body", () => "[".repeat(100_000), 400, "json-depth"],

  ["no compact JWS", () => ({ jws: "a.b", events: [good] }), 400, "jws"],
  [
    "alg none",
    () => reheaded({ alg: "none", kid: recorder.kid, typ: "submission+jws" }),
    400,
    "jws-algorithm",
  ],
  [
    "alg HS256",
    () => reheaded({ alg: "HS256", kid: recorder.kid, typ: "submission+jws" }),
    400,
    "jws-algorithm",
  ],
  [
    "a receipt for a submission",
    () => reheaded({ alg: "EdDSA", kid: recorder.kid, typ: "receipt+jws" }),
    400,
    "jws-type",
  ],
  [
    "a critical header",
    () => reheaded({ alg: "EdDSA", kid: recorder.kid, typ: "submission+jws", crit: [] }),
    400,
    "jws-header",
  ],
  [
    "an altered header",
    () => reheaded({ typ: "submission+jws", alg: "EdDSA", kid: recorder.kid }),
    403,
    "wrong-signature",
  ],
  [
    "another algorithm than the key's",
    () => reheaded({ alg: "ES256", kid: recorder.kid, typ: "submission+jws" }),
    403,
    "wrong-signature",
  ],
  [
    "a signature of somebody else",
    () => testRecorder(source, { ...stranger, kid: recorder.kid }).submission(1, [good]),
    403,
    "wrong-signature",
  ],
  ["an unsafe key", () => twisted.submission(1, [twisted.event(1)]), 403, "wrong-signature"],
  ["an unknown key", () => stranger.submission(1, [good]), 403, "unknown-key"],
  ["a revoked key", () => revoked.submission(1, [revoked.event(1)]), 403, "revoked-key"],
  [
    "a key of another source",
    () => testRecorder("qn-police/r9", recorder).submission(1, [good]),
    403,
    "key-of-another-source",
  ],
  ["a key before its range", () => later.submission(1, [later.event(1)]), 403, "key-out-of-range"],
  [
    "a key beyond its range",
    () => later.submission(19, [later.event(19), later.event(20)]),
    403,
    "key-out-of-range",
  ],
  ["a suspended agency", () => suspended.submission(1, [suspended.event(1)]), 403, "not-entitled"],
  ["another log", () => recorder.submission(1, [good], { log: { ...LOG, logId: 2 } }), 422, "wrong-log"],
  ["another chain", () => recorder.submission(1, [good], { log: { ...LOG, chainId: 1 } }), 422, "wrong-log"],
  [
    "a signed member too many",
    () => resigned([good], (payload) => ({ ...payload, aud: "x" })),
    400,
    "submission-payload",
  ],
  [
    "a number beyond the safe ones",
    () => resigned([good], (payload) => ({ ...payload, first: 2 ** 53 })),
    400,
    "submission-payload",
  ],
  ["another count", () => resigned([good], (payload) => ({ ...payload, count: 2 })), 400, "submission-count"],
  [
    "another root",
    () => resigned([good], (payload) => ({ ...payload, root: base64url("x".repeat(32)) })),
    400,
    "submission-root",
  ],
  [
    "a short root",
    () => resigned([good], (payload) => ({ ...payload, root: "AAAA" })),
    400,
    "submission-root",
  ],
  [
    "an event left out",
    () => ({ ...recorder.submission(1, [good, recorder.event(2)]), events: [good] }),
    400,
    "submission-count",
  ],
  [
    "events in another order",
    () => recorder.submission(1, [recorder.event(2), good]),
    400,
    "submission-sequence",
  ],
  [
    "an event of another source",
    () => recorder.submission(1, [testRecorder("qn-tax/r9").event(1)]),
    400,
    "submission-source",
  ],
  ["a gap", () => recorder.submission(2, [recorder.event(2)]), 409, "sequence-gap"],

  ["no final tilde", () => inEvent((event) => event.slice(0, -1)), 400, "event"],
  [
    "an event too large",
    () => withFacet(disclosure("explanation", { vi: "v".repeat(13_000) })),
    400,
    "event-too-large",
  ],
  [
    "a payload too large",
    () => made({ payload: (json) => json + " ".repeat(4000) }),
    400,
    "payload-too-large",
  ],
  ["a digest without disclosure", () => made({ sent: (texts) => texts.slice(1) }), 400, "digest-unopened"],
  [
    "a disclosure without digest",
    () => made({ sent: (texts) => [...texts.slice(1), base64url(disclosure("decoy", null))] }),
    400,
    "disclosure-unmatched",
  ],
  [
    "a disclosure twice",
    () => made({ sent: ([first = "", , ...rest]) => [first, first, ...rest] }),
    400,
    "disclosure-repeated",
  ],
  ["unsorted digests", () => made({ digests: (digests) => digests.toReversed() }), 400, "digests-unsorted"],
  [
    "a digest twice",
    () => made({ digests: ([first = "", , ...rest]) => [first, first, ...rest] }),
    400,
    "digests-unsorted",
  ],
  ["unpadded digests", () => made({ disclosures: required }), 400, "digests-unpadded"],
  ["an unknown facet", () => withFacet(disclosure("password", "x")), 400, "facet-unknown"],
  ["a facet of another type", () => withFacet(disclosure("subject", subject)), 400, "facet-unknown"],
  ["a repeated facet", () => withFacet(disclosure("heartbeat", { waiting: 1 })), 400, "facet-repeated"],
  ["a missing facet", () => made({ disclosures: [type ?? "", ...decoys(7)] }), 400, "facet-missing"],
  ["no type", () => made({ disclosures: [beat ?? "", time ?? "", ...decoys(6)] }), 400, "facet-missing"],
  [
    "an unknown type",
    () => made({ disclosures: [disclosure("type", "rumour"), ...decoys(7)] }),
    400,
    "event-type",
  ],
  ["a decoy with content", () => withFacet(disclosure("decoy", "hidden")), 400, "decoy"],
  ["nested digests", () => withFacet(disclosure("explanation", { _sd: [] })), 400, "facet-nested"],
  ["a short salt", () => withFacet(disclosure("decoy", null, "AAAA")), 400, "salt"],
  ["a salt that is no base64url", () => withFacet(disclosure("decoy", null, "=".repeat(24))), 400, "salt"],
  [
    "a salt used twice",
    () => withFacet(disclosure("decoy", null, saltOf(required[0] ?? ""))),
    400,
    "salt-repeated",
  ],
  ["a disclosure of four", () => withFacet('["AAAAAAAAAAAAAAAAAAAAAA","decoy",null,1]'), 400, "disclosure"],
  ["padded base64url", () => inEvent((event) => event.replace("~", "=~")), 400, "base64url"],
  ["base64 with + for -", () => inEvent((event) => `+${event.slice(1)}`), 400, "base64url"],
  ["trailing bits in base64url", () => recorder.submission(1, [withTrailingBits()]), 400, "base64url"],
  [
    "a line break in base64url",
    () => inEvent((event) => `${event.slice(0, 8)}\n${event.slice(8)}`),
    400,
    "base64url",
  ],
  ["letters beyond ASCII", () => inEvent((event) => `é${event.slice(1)}`), 400, "base64url"],
  [
    "a duplicate key in the payload",
    () => made({ payload: (json) => json.replace("{", '{"seq":7,') }),
    400,
    "json-duplicate-key",
  ],
  [
    "a duplicate key in a disclosure",
    () => withFacet(disclosure("handling", {}).replace("{}", '{"notify":true,"notify":false}')),
    400,
    "json-duplicate-key",
  ],
  [
    "a duplicate key by escape",
    () => made({ payload: (json) => json.replace("{", '{"\\u0073eq":7,') }),
    400,
    "json-duplicate-key",
  ],
  [
    "a lone surrogate",
    () => withFacet(disclosure("decoy", null).replace("null", '"\\ud800"')),
    400,
    "json-lone-surrogate",
  ],
  [
    "ill-formed UTF-8",
    () => made({ sent: ([, ...rest]) => [Buffer.from([0x5b, 0xc3, 0x5d]).toString("base64url"), ...rest] }),
    400,
    "utf8",
  ],
  [
    "deep JSON",
    () => withFacet(disclosure("decoy", null).replace("null", "[".repeat(50) + "]".repeat(50))),
    400,
    "json-depth",
  ],
  [
    "a number that overflows",
    () => withFacet(disclosure("decoy", null).replace("null", "1e999")),
    400,
    "json-number",
  ],
  ["another version", () => made({ payload: (json) => json.replace('"v":1', '"v":2') }), 400, "payload"],
  ["another hash", () => made({ payload: (json) => json.replace("sha-256", "sha-512") }), 400, "payload"],
  ["number zero", () => made({ payload: (json) => json.replace('"seq":1', '"seq":0') }), 400, "payload"],

  [
    "a schema violation",
    () =>
      recorder.submission(1, [
        recorder.event(1, { ...accessFacets(1), subject: { scheme: "vn-cccd", id: "12" } }),
      ]),
    422,
    "schema-violation",
  ],
  [
    "a facet member too many",
    () =>
      made({
        disclosures: [type ?? "", disclosure("heartbeat", { mood: "good" }), time ?? "", ...decoys(5)],
      }),
    422,
    "schema-violation",
  ],
  ["a catalogue from an agency", () => recorder.submission(1, [catalogue()]), 403, "reserved-type"],
  ["a seal without entitlement", () => recorder.submission(1, [seal()]), 403, "reserved-type"],
  ["a mandate without entitlement", () => recorder.submission(1, [mandate(recorder)]), 403, "reserved-type"],
  [
    "a mandate behind an access",
    () => recorder.submission(1, [good, mandate(recorder, 2)]),
    403,
    "reserved-type",
  ],
  ["a mandate of who may do all but that", () => court.submission(1, [mandate(court)]), 403, "reserved-type"],
  ["a mandate of the operator's desk", () => desk.submission(1, [mandate(desk)]), 403, "reserved-type"],
];

describe("receive: bad input is refused by name and leaves nothing", function () {
  this.timeout(600_000);
  let ledger: ReceivingLedger;

  before(async () => {
    ledger = await receivingLedger(directory, {
      limits: { eventsPerSecond: 1e6, bytesPerSecond: 1e9 },
    });
  });

  after(async () => await ledger.close());

  afterEach(async () => {
    expect((await ledger.store.head()).size).to.equal(0);
    expect(await ledger.store.sources({ limit: 1 })).to.deep.equal([]);
  });

  for (const [fault, body, status, code] of CASES) {
    it(`${fault}: ${code}`, async () => {
      const reply = await ledger.post(body());
      expect(reply.json).to.include({ status, code });
      expect(reply.status).to.equal(status);
      expect(reply.headers.get("content-type")).to.equal("application/problem+json");
      expect(reply.json["detail"]).to.be.a("string").that.does.not.include("012345678901");
    });
  }

  it("a body larger than allowed: submission-too-large", async () => {
    const reply = await ledger.post(" ".repeat(8 * 1024 * 1024 + 1));
    expect(reply.json).to.include({ status: 413, code: "submission-too-large" });
  });

  it("a body without its length: length-required", async () => {
    const reply = await rawRequest(
      ledger.port,
      "connection: close\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    );
    expect(reply)
      .to.match(/^HTTP\/1\.1 411 /)
      .and.to.include('"code":"length-required"');
  });

  it("a slow body: slow-body, and the connection ends", async () => {
    const hasty = await receivingLedger(directory, { limits: { bodyTimeoutMs: 150 } });
    const reply = await rawRequest(hasty.port, "content-length: 1000\r\n\r\n{");
    expect(reply)
      .to.match(/^HTTP\/1\.1 408 /)
      .and.to.include('"code":"slow-body"');
    await hasty.close();
  });

  it("more bytes at once than fit: overloaded, and room again afterwards", async () => {
    const narrow = await receivingLedger(directory, { limits: { maxBytesInFlight: 1_000_000 } });
    const reply = await narrow.post(" ".repeat(1_500_000));
    expect(reply.json).to.include({ status: 503, code: "overloaded" });
    expect(reply.headers.get("retry-after")).to.equal("1");
    expect((await narrow.post(" ".repeat(900_000))).json).to.include({ code: "json" });
    await narrow.close();
  });

  it("bodies that are announced and never come take no room from others", async () => {
    // A body of this machine is there by then, however busy it is; those that never come cost the test this.
    const limits = { bodyTimeoutMs: 5_000, maxBytesInFlight: 9_000_000 };
    const narrow = await receivingLedger(directory, { limits });
    const announced = Array.from({ length: 8 }, () =>
      rawRequest(narrow.port, "content-length: 8000000\r\n\r\n{"),
    );
    expect((await narrow.post(" ".repeat(1_500_000))).json).to.include({ code: "json" });
    for (const reply of await Promise.all(announced)) expect(reply).to.match(/^HTTP\/1\.1 408 /);
    await narrow.close();
  });
});

describe("receive: bad weather", function () {
  this.timeout(600_000);

  it("a full disk: disk-full, nothing stored, and the same again is taken later", async () => {
    let full = true;
    const ledger = await receivingLedger(directory, {
      wrapStore: (store) => ({
        ...store,
        commit: async (group, size) => {
          if (full) throw new LedgerError("disk-full", "The ledger's disk is full.");
          await store.commit(group, size);
        },
      }),
    });
    const body = recorder.submission(1, [good]);
    expect((await ledger.post(body)).json).to.include({ status: 503, code: "disk-full" });
    expect((await ledger.store.head()).size).to.equal(0);
    full = false;
    expect((await ledger.post(body)).status).to.equal(201);
    await ledger.close();
  });

  it("more than a source's share: rate-limited with the time to wait", async () => {
    // One event an hour.
    const limits = { eventsPerSecond: 1 / 3_600, windowSeconds: 3_600 };
    const ledger = await receivingLedger(directory, { limits });
    expect((await ledger.post(recorder.submission(1, [good]))).status).to.equal(201);
    const reply = await ledger.post(recorder.submission(2, [recorder.event(2)]));
    expect(reply.json).to.include({ status: 429, code: "rate-limited" });
    expect(Number(reply.headers.get("retry-after"))).to.be.within(1, 3_600);
    expect((await ledger.store.head()).size).to.equal(1);
    await ledger.close();
  });
});

function catalogue(): string {
  const digest = base64url("x".repeat(32));
  return recorder.event(1, {
    type: "catalogue",
    catalogue: { version: "1", digest },
    time: { occurred: "2026-11-20T08:30:00Z" },
  });
}

function mandate(by: TestRecorder, seq = 1): string {
  return by.event(seq, mandateFacets());
}

function seal(): string {
  const leaves = [base64url("x".repeat(32))];
  const order = {
    id: "s-1",
    state: "placed",
    leaves,
    authority: "court",
    until: "2027-01-01T00:00:00Z",
  } as const;
  return recorder.event(1, { type: "seal", seal: order, time: { occurred: "2026-11-20T08:30:00Z" } });
}

/** An event whose payload is decoded by lenient readers only: its last character has bits that stand for nothing. */
function withTrailingBits(): string {
  const payload = (json: string) => json + " ".repeat(3 - ((json.length + 2) % 3));
  const event = rawEvent({ source, seq: 1, disclosures: heartbeat(), payload });
  expect(event.indexOf("~") % 4, "length of the payload").to.equal(2);
  return event.replace(/.~/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}~`);
}

function saltOf(json: string): string {
  return (JSON.parse(json) as string[])[0] ?? "";
}

/** What the server answers to a request written by hand, until it ends the connection. */
async function rawRequest(port: number, rest: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let reply = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => (reply += chunk));
  socket.write(`POST /v1/submissions HTTP/1.1\r\nhost: ledger\r\n${rest}`);
  await once(socket, "close");
  return reply;
}
