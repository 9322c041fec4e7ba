import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

import { ApiError } from "../api/error.ts";
import { useCitizen } from "../api/session.ts";
import type { CheckedStatement, PersonNumber, StatementTask, WorkerMessage } from "./messages.ts";

/** How far the statement under way has come. */
export type Step = { readonly kind: "fetching"; readonly bytes: number } | { readonly kind: "verifying" };

const BEGINNING: Step = { kind: "fetching", bytes: 0 };

/** There is one page, and so one statement that somebody waits for. */
let step: Step = BEGINNING;
const listeners = new Set<() => void>();

function setStep(next: Step): void {
  step = next;
  for (const listener of listeners) listener();
}

/** The step of the statement that is under way. */
export function useStep(): Step {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => step,
  );
}

/** Fetched and verified by a worker of its own, which ends with it. @throws ApiError */
async function fetchStatement(task: StatementTask, signal: AbortSignal): Promise<CheckedStatement> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  setStep(BEGINNING);
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new ApiError("cancelled", "Not needed any more.")));
      worker.addEventListener("error", ({ message }) => reject(new Error(message)));
      worker.addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.kind === "checked") resolve(data.statement);
        else if (data.kind === "failed")
          reject(new ApiError(data.code, data.detail, { status: data.status }));
        else setStep(data);
      });
      worker.postMessage(task);
    });
  } finally {
    worker.terminate();
  }
}

/** The verified statement of a person: of who is signed on, or of somebody they represent. Kept until it is asked for anew. */
export function useStatement(person: PersonNumber) {
  const { person: self } = useCitizen();
  const own = self.scheme === person.scheme && self.id === person.id;
  return useQuery({
    queryKey: ["statement", person.scheme, person.id],
    queryFn: async ({ signal }) => await fetchStatement({ person, own }, signal),
    staleTime: Infinity,
    gcTime: Infinity,
    structuralSharing: false,
  });
}
