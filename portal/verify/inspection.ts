import { ApiError } from "../api/error.ts";
import type { InspectionAnswers, InspectionMessage, InspectionTask } from "./inspection-messages.ts";

/** How far it has come. */
export type InspectionStep =
  { readonly kind: "fetching"; readonly bytes: number } | { readonly kind: "verifying" };

/** Fetched and verified by a worker of its own, which ends with it. @throws ApiError */
export async function inspect<K extends keyof InspectionAnswers>(
  task: Extract<InspectionTask, { kind: K }>,
  {
    signal,
    onStep,
  }: { readonly signal?: AbortSignal; readonly onStep?: (step: InspectionStep) => void } = {},
): Promise<InspectionAnswers[K]> {
  const worker = new Worker(new URL("./inspection-worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(new ApiError("cancelled", "Not needed any more.")));
      worker.addEventListener("error", ({ message }) => reject(new Error(message)));
      worker.addEventListener("message", ({ data }: MessageEvent<InspectionMessage<K>>) => {
        if (data.kind === "checked") resolve(data.answer);
        else if (data.kind === "failed")
          reject(new ApiError(data.code, data.detail, { status: data.status }));
        else onStep?.(data);
      });
      worker.postMessage(task);
    });
  } finally {
    worker.terminate();
  }
}
