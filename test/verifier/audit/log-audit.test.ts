import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { makeEvent, payloadOf } from "../../../protocol/event.ts";
import { leafHash, rootHash } from "../../../protocol/merkle.ts";
import { makeReceipt } from "../../../protocol/receipt.ts";
import { parseSource } from "../../../protocol/source.ts";
import { makeSubmission } from "../../../protocol/submission.ts";
import { sha256 } from "#sha256";
import { AuditFault, type Remarks } from "../../../verifier/audit/fault.ts";
import { type AuditedSubmission, LogAudit } from "../../../verifier/audit/log-audit.ts";
import { NO_PROGRESS, parseProgress, progressJson } from "../../../verifier/audit/progress.ts";
import {
  type Anchor,
  chainReader,
  type ChainReader,
  type EntitlementChange,
  type RecorderKey,
} from "../../../verifier/chain.ts";
import { logOf } from "../../../verifier/trust-profile.ts";
import { PROFILE, signerOf } from "../world.ts";

const SOURCE = parseSource("qn-police/r1");
const police = signerOf("police");
const receipts = signerOf("receipt");
const LOG = logOf(PROFILE);
const PROMISE = 100;
const KEY: RecorderKey = { alg: "EdDSA", key: police.key, fromSeq: 1, addedBlock: 3, revokedBlock: 0 };

interface World {
  readonly submissions: readonly AuditedSubmission[];
  readonly anchors: readonly Anchor[];
  readonly keys: readonly RecorderKey[];
  readonly entitlements: readonly EntitlementChange[];
}

/** Submissions of two events each, received at times 1000, 2000, ..., and each anchored ten seconds later, in blocks 10, 20, .... */
function world(count: number): World {
  let drawn = 0;
  const leaves: Uint8Array[] = [];
  const anchors: Anchor[] = [];
  const submissions = Array.from({ length: count }, (_, n): AuditedSubmission => {
    const [first, index, time] = [2 * n + 1, 2 * n, 1000 * (n + 1)];
    const events = [first, first + 1].map((seq) => {
      const facets = {
        type: "heartbeat",
        heartbeat: {},
        time: { occurred: "2026-11-22T08:00:00Z" },
      } as const;
      return makeEvent({
        source: SOURCE,
        seq,
        facets,
        random: (bytes) => sha256(utf8(`salt ${drawn++}`)).subarray(0, bytes),
      });
    });
    const payloads = events.map((event) => utf8(payloadOf(event)));
    const own = payloads.map(leafHash);
    leaves.push(...own);
    const { jws } = makeSubmission({ log: LOG, source: SOURCE, first, events, issuedAt: time, ...police });
    const promise = { index, time, anchorBy: time + PROMISE, indexBy: time + PROMISE };
    const receipt = makeReceipt(
      { log: LOG, src: SOURCE, first, count: 2, root: rootHash(own), ...promise },
      receipts,
    );
    const size = leaves.length;
    anchors.push({
      size,
      indexSize: size,
      block: 10 * (n + 1),
      time: time + 10,
      root: rootHash(leaves),
      indexRoot: new Uint8Array(32),
    });
    return { source: SOURCE, first, count: 2, index, time, jws, receipt, payloads };
  });
  return { submissions, anchors, keys: [KEY], entitlements: [{ fromBlock: 3, entitlements: 1 }] };
}

async function audit(
  { submissions, anchors, keys, entitlements }: World,
  { stopAfter = 0 } = {},
): Promise<Remarks> {
  const silent = chainReader(() => Promise.reject(new Error("not asked")), "the node");
  const chain: ChainReader = {
    ...silent,
    latestBlock: () => Promise.resolve(1000),
    anchorAt: (_registry, _log, place) =>
      Promise.resolve(anchors[place] ?? Promise.reject(new Error("no such anchor"))),
    recorderKeys: () => Promise.resolve(keys),
    entitlementHistory: () => Promise.resolve(entitlements),
  };
  const logKeys = [{ fromBlock: 1, checkpoint: receipts.key, receipt: receipts.key }];
  const nothing = (): Promise<void> => Promise.resolve();
  const options = {
    profile: PROFILE,
    chain,
    anchorCount: anchors.length,
    asOf: 1000,
    logKeys,
    compareTile: nothing,
    onAnchor: nothing,
    now: 100_000,
  };
  let log = new LogAudit(options, NO_PROGRESS);
  for (const [n, submission] of submissions.entries()) {
    if (n === stopAfter) {
      const kept = parseProgress(JSON.parse(JSON.stringify(progressJson(log.progress()))));
      if (kept === undefined) throw new Error("the progress cannot be read back");
      log = new LogAudit(options, kept);
    }
    await log.add(submission);
  }
  await log.finish();
  return log.remarks;
}

async function faultOf(changed: World): Promise<{ check: string; index: number }> {
  const error: unknown = await audit(changed).catch((reason: unknown) => reason);
  if (!(error instanceof AuditFault)) throw new Error("no fault was found", { cause: error });
  return { check: error.check, index: error.index };
}

describe("LogAudit", () => {
  const honest = world(5);

  it("finds nothing in an honest log, wherever it was interrupted", async () => {
    for (let stopAfter = 0; stopAfter < 5; stopAfter++)
      expect(await audit(honest, { stopAfter })).to.deep.equal({});
  });

  it("remarks a key that was lost between acceptance and anchor, and refuses one that was lost before", async () => {
    const revokedAt = (revokedBlock: number): World => ({ ...honest, keys: [{ ...KEY, revokedBlock }] });
    // Entry 8 is anchored in block 50; the anchors before are of the blocks 40 and 30.
    const remarks = await audit(revokedAt(45));
    expect(remarks).to.have.all.keys("signatures");
    expect(remarks["signatures"]).to.deep.include({ count: 1, index: 8 });
    expect(await faultOf(revokedAt(30))).to.deep.equal({ check: "signatures", index: 8 });
    const suspended = {
      ...honest,
      entitlements: [...honest.entitlements, { fromBlock: 5, entitlements: 0 }],
    };
    expect(await faultOf(suspended)).to.deep.equal({ check: "signatures", index: 0 });
  });

  it("refuses a key that was added after the anchor, for other numbers, or that is another's", async () => {
    expect(await faultOf({ ...honest, keys: [{ ...KEY, addedBlock: 15 }] })).to.deep.equal({
      check: "signatures",
      index: 0,
    });
    expect(await faultOf({ ...honest, keys: [{ ...KEY, fromSeq: 2 }] })).to.deep.equal({
      check: "signatures",
      index: 0,
    });
    const added = { ...KEY, key: signerOf("another").key, fromSeq: 6, addedBlock: 15 };
    expect(await faultOf({ ...honest, keys: [KEY, added] })).to.deep.equal({ check: "signatures", index: 6 });
  });

  it("remarks promises that were kept late, or not yet", async () => {
    const late = honest.anchors.map((anchor, n) =>
      n === 2 ? { ...anchor, time: 3000 + PROMISE + 1 } : anchor,
    );
    const remarks = await audit({ ...honest, anchors: late });
    expect(remarks["promises"]).to.deep.include({ count: 2, index: 4 });
    const missing = await audit({ ...honest, anchors: honest.anchors.slice(0, 4) });
    expect(missing["promises"]).to.deep.include({ count: 2, index: 8 });
    expect(missing["promises"]?.detail).to.match(/^promised to be anchored by .*, and is not yet$/);
  });

  it("names anchors that do not follow from the entries", async () => {
    const other = honest.anchors.map((anchor, n) =>
      n === 2 ? { ...anchor, root: new Uint8Array(32) } : anchor,
    );
    expect(await faultOf({ ...honest, anchors: other })).to.deep.equal({ check: "anchors", index: 4 });
    const cut = { ...honest, submissions: honest.submissions.slice(0, 4) };
    expect(await faultOf(cut)).to.deep.equal({ check: "anchors", index: 8 });
  });

  it("names a gap in the numbers, and a root that was signed over other events", async () => {
    const [first, , third] = honest.submissions;
    if (first === undefined || third === undefined) throw new Error("there are five");
    expect(await faultOf({ ...honest, anchors: [], submissions: [{ ...third, index: 0 }] })).to.include({
      index: 0,
    });
    const swapped = { ...first, payloads: third.payloads };
    expect(await faultOf({ ...honest, submissions: [swapped] })).to.deep.equal({
      check: "submissions",
      index: 0,
    });
  });
});
