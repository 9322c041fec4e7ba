import { readBody } from "../../verifier/http-body.ts";
import type { CheckedFile, FileTask, FromFileWorker, Node, ToFileWorker } from "./file-messages.ts";

export interface FileChecker {
  /** Checks a file. `onQuestion` hears how many questions the nodes were asked. Rejects when the verifier itself fails. */
  readonly check: (
    task: Omit<FileTask, "nodes"> & { readonly nodes: readonly Node[] },
    onQuestion: (count: number) => void,
  ) => Promise<CheckedFile>;
}

type Answer = { readonly status: number; readonly bytes: Uint8Array<ArrayBuffer> | undefined };

interface Running {
  readonly nodes: readonly Node[];
  readonly onQuestion: (count: number) => void;
  readonly resolve: (file: CheckedFile) => void;
  readonly reject: (error: Error) => void;
  count: number;
}

/** The longest honest answer is a contract's code; a node cannot fill the memory. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 12_000;

/**
 * Starts the worker that verifies files: at once, so that it is there when the server no longer is. A file goes to the worker and nowhere else; what leaves
 * the browser are the verifier's questions to the chain, which the document asks, because its policy lets it ask any node.
 */
export function fileChecker(): FileChecker {
  const worker = new Worker(new URL("./file-worker.ts", import.meta.url), { type: "module" });
  const running = new Map<number, Running>();
  let ids = 0;
  let broken: Error | undefined;

  function tell(message: ToFileWorker): void {
    worker.postMessage(message);
  }

  worker.addEventListener("error", ({ message }) => {
    broken = new Error(message === "" ? "The verifier could not be loaded." : message);
    for (const { reject } of running.values()) reject(broken);
    running.clear();
  });

  worker.addEventListener("message", ({ data }: MessageEvent<FromFileWorker>) => {
    const run = running.get(data.id);
    if (data.kind === "checked") {
      running.delete(data.id);
      run?.resolve(data.file);
      return;
    }
    const { question, node, body } = data;
    if (run !== undefined) run.onQuestion(++run.count);
    void answerOf(run?.nodes[node], body).then((answer) => tell({ kind: "answer", question, ...answer }));
  });

  return {
    check: async ({ nodes, ...task }, onQuestion) =>
      await new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken);
          return;
        }
        const id = ++ids;
        running.set(id, { nodes, onQuestion, resolve, reject, count: 0 });
        tell({ kind: "check", id, task: { ...task, nodes: nodes.map(({ name }) => name) } });
      }),
  };
}

async function answerOf(node: Node | undefined, body: string): Promise<Answer> {
  if (node === undefined) return { status: 0, bytes: undefined };
  try {
    const response = await fetch(node.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body,
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const bytes = await readBody(response, MAX_ANSWER_BYTES);
    return { status: response.status, bytes: bytes && new Uint8Array(bytes) };
  } catch {
    return { status: 0, bytes: undefined };
  }
}
