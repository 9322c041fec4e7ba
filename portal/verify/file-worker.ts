/** Verifies files, away from the page. It asks no node itself: the page does, under the policy of its document. */
import { agreeingReader } from "../../verifier/chain-agreement.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import { type Fetch, jsonRpc } from "../../verifier/json-rpc.ts";
import { checkFile } from "./check-file.ts";
import type { FileTask, FromFileWorker, ToFileWorker } from "./file-messages.ts";
import { raise } from "./worker-fault.ts";

type Answer = Extract<ToFileWorker, { kind: "answer" }>;

const waiting = new Map<number, (answer: Answer) => void>();
let questions = 0;

function tell(message: FromFileWorker): void {
  self.postMessage(message);
}

addEventListener("message", ({ data }: MessageEvent<ToFileWorker>) => {
  if (data.kind === "answer") {
    waiting.get(data.question)?.(data);
    waiting.delete(data.question);
    return;
  }
  const { id, task } = data;
  checkFile(task, readerOf(id, task)).then((file) => tell({ kind: "checked", id, file }), raise);
});

/** One reader over all the nodes, or none where none is named. */
function readerOf(id: number, { nodes }: FileTask): ChainReader | undefined {
  const [first, ...others] = nodes.map((name, node) =>
    chainReader(jsonRpc(name, { fetch: askThroughPage(id, node), name }), name),
  );
  if (first === undefined || others.length === 0) return first;
  return agreeingReader(first, ...others);
}

function askThroughPage(id: number, node: number): Fetch {
  return async (_, { body }) => {
    const question = ++questions;
    const answer = await new Promise<Answer>((resolve) => {
      waiting.set(question, resolve);
      tell({ kind: "question", id, question, node, body });
    });
    if (answer.bytes === undefined) throw new Error("no answer");
    return { status: answer.status, body: new Blob([answer.bytes]).stream() };
  };
}
