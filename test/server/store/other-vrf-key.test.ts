import { expect } from "chai";
import { bundleOf } from "../../../server/store/bundle.ts";
import {
  forOtherVrfKey,
  type MovedSubmission,
  type Part,
  requireOpenable,
} from "../../../server/store/transfer-parts.ts";

const [KEY, TAG] = [new Uint8Array(32).fill(1), new Uint8Array(33).fill(2)];
const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const WITH_KEY = join(KEY, TAG, TAG);

/** A submission at index 7 whose events have these key rows. */
function submission(...entries: readonly Uint8Array[]): MovedSubmission {
  return { index: 7, count: entries.length, keys: bundleOf(entries) } as unknown as MovedSubmission;
}

describe("records for a ledger with another VRF key", () => {
  it("are refused where an event that is in somebody's list was erased, with its index", () => {
    for (const entries of [[WITH_KEY], [WITH_KEY, KEY], [new Uint8Array(0)]])
      expect(() => requireOpenable(submission(...entries))).to.not.throw();
    for (const erased of [TAG, join(TAG, TAG)])
      expect(() => requireOpenable(submission(WITH_KEY, erased)))
        .to.throw(/^Event 8 was erased/)
        .with.property("code", "erased");
  });

  it("leave behind what was made with the old one, and nothing else", async () => {
    const parts: Part[] = [
      { kind: "binding", name: "pepper", value: KEY },
      { kind: "binding", name: "vrf", value: KEY },
      { kind: "submission", submission: submission(WITH_KEY) },
      { kind: "index-key", row: { tag: TAG, key: KEY } },
    ];
    const head = { size: 8, root: KEY, commits: 1 };
    const origin = {
      head,
      parts: async function* () {
        await Promise.resolve();
        yield* parts;
      },
    };
    const kept: Part[] = [];
    for await (const part of forOtherVrfKey(origin).parts()) kept.push(part);
    expect(kept).to.deep.equal([parts[0], parts[2]]);
  });
});
