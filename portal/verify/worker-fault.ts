import { ApiError } from "../api/error.ts";

/** What a worker tells of a refusal. */
interface Failed {
  readonly kind: "failed";
  readonly code: string;
  readonly detail: string;
  readonly status: number;
}

/** For what a worker's task was rejected with: a refusal is told to the page, and any other fault is caught by nobody, so that the page hears of it as an error of the worker. */
export function faultTold(tell: (message: Failed) => void): (error: unknown) => void {
  return (error) => {
    if (error instanceof ApiError)
      tell({ kind: "failed", code: error.code, detail: error.message, status: error.status });
    // A rejection that nobody handles would stay inside the worker.
    else raise(error);
  };
}

/** Throws it where nobody can catch it. */
export function raise(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
