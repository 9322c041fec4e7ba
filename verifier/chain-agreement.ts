import { toHex } from "../protocol/bytes.ts";
import { ChainError, type ChainReader } from "./chain.ts";

/**
 * One reader over several nodes, which a user chose because different people run them. Every question goes to all of them and
 * has an answer only when all give the same one: ChainError `disagreement` quotes the two that differ, and a node that gives
 * no answer is named in its own error. The nodes need not be at the same block: the lowest latest block counts, and who asks about
 * the state as of it gets the same answers from honest nodes.
 */
export function agreeingReader(first: ChainReader, ...others: readonly ChainReader[]): ChainReader {
  const name = [first, ...others].map((reader) => reader.name).join(", ");

  async function agreed<T>(subject: string, ask: (reader: ChainReader) => Promise<T>): Promise<T> {
    // Asked before the first answer is awaited: all nodes are read at about the same time.
    const otherAnswers = Promise.all(others.map(async (reader) => ({ reader, answer: await ask(reader) })));
    const [answer, rest] = await Promise.all([ask(first), otherAnswers]);
    const text = render(answer);
    for (const { reader, answer: other } of rest) {
      if (render(other) === text) continue;
      throw new ChainError(
        "disagreement",
        `the nodes disagree about ${subject}: ${first.name} says ${text}, ${reader.name} says ${render(other)}`,
      );
    }
    return answer;
  }

  return {
    name,
    identity: () => agreed("the chain's identity", (reader) => reader.identity()),
    async latestBlock() {
      return Math.min(...(await Promise.all([first, ...others].map((reader) => reader.latestBlock()))));
    },
    blockTime: (...asked) => agreed(`the time of block ${asked[0]}`, (reader) => reader.blockTime(...asked)),
    hasCode: (...asked) => agreed(`the contract at ${asked[0]}`, (reader) => reader.hasCode(...asked)),
    anchorCovering: (...asked) =>
      agreed(`the anchor of index ${asked[2]}`, (reader) => reader.anchorCovering(...asked)),
    anchorIndexing: (...asked) =>
      agreed(`the anchor that indexes entry ${asked[2]}`, (reader) => reader.anchorIndexing(...asked)),
    logKeysAt: (...asked) =>
      agreed(`the log's keys at block ${asked[2]}`, (reader) => reader.logKeysAt(...asked)),
    logState: (...asked) => agreed("the log's present state", (reader) => reader.logState(...asked)),
    recorderKeyAt: (...asked) => agreed(`the key of ${asked[1]}`, (reader) => reader.recorderKeyAt(...asked)),
    entitlementsAt: (...asked) =>
      agreed(`the entitlements of ${asked[1]}`, (reader) => reader.entitlementsAt(...asked)),
    logCount: (...asked) => agreed("how many logs there are", (reader) => reader.logCount(...asked)),
    namedAnchorRegistry: (...asked) =>
      agreed("the registry of the logs", (reader) => reader.namedAnchorRegistry(...asked)),
    logOfAt: (...asked) => agreed(`the log of ${asked[1]}`, (reader) => reader.logOfAt(...asked)),
    anchorCount: (...asked) => agreed("how many anchors there are", (reader) => reader.anchorCount(...asked)),
    anchorAt: (...asked) => agreed(`the anchor number ${asked[2]}`, (reader) => reader.anchorAt(...asked)),
    keyVersions: (...asked) => agreed("the log's keys", (reader) => reader.keyVersions(...asked)),
    recorderKeys: (...asked) => agreed(`the keys of ${asked[1]}`, (reader) => reader.recorderKeys(...asked)),
    entitlementHistory: (...asked) =>
      agreed(`the entitlements of ${asked[1]}`, (reader) => reader.entitlementHistory(...asked)),
  };
}

/** An answer as text: the same for equal answers, and short enough to quote. */
function render(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) =>
    value instanceof Uint8Array ? toHex(value) : value,
  );
}
