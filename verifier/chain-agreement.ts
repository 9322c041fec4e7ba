import { toHex } from "../protocol/bytes.ts";
import { ChainError, type ChainReader } from "./chain.ts";

/**
 * One reader over several nodes, which a user chose because different people run them. Every question goes to all of them and
 * has an answer only when all give the same one: ChainError `disagreement` quotes the two that differ, and a node that gives
 * no answer is named in its own error. The nodes need not be at the same block: the lowest latest block counts.
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
    hasCode: (address) => agreed(`the contract at ${address}`, (reader) => reader.hasCode(address)),
    anchorCovering: (registry, logId, index) =>
      agreed(`the anchor of index ${index}`, (reader) => reader.anchorCovering(registry, logId, index)),
    logKeysAt: (registry, logId, block) =>
      agreed(`the log's keys at block ${block}`, (reader) => reader.logKeysAt(registry, logId, block)),
    logState: (registry, logId) =>
      agreed("the log's present state", (reader) => reader.logState(registry, logId)),
    recorderKeyAt: (registry, source, seq, block) =>
      agreed(`the key of ${source}`, (reader) => reader.recorderKeyAt(registry, source, seq, block)),
    entitlementsAt: (registry, source, block) =>
      agreed(`the entitlements of ${source}`, (reader) => reader.entitlementsAt(registry, source, block)),
  };
}

/** An answer as text: the same for equal answers, and short enough to quote. */
function render(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) =>
    value instanceof Uint8Array ? toHex(value) : value,
  );
}
