import { parentPort, workerData } from "node:worker_threads";
import { FormatError } from "../../protocol/errors.ts";
import { LedgerError } from "../errors.ts";
import type { FromWorker, Outcome, Refusal, ToWorker } from "./messages.ts";
import { isVerifierSettings, submissionVerifier, type VerifierSettings } from "./verify.ts";

/** A thread of the pool: verifies lists of bodies in the order they come, one answer a list. */

const { setKeys, verify } = submissionVerifier(settingsOf(workerData));

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "keys") {
    setKeys(message.keys);
    return;
  }
  const outcomes: FromWorker = message.bodies.map(outcomeOf);
  parentPort?.postMessage(outcomes, outcomes.flatMap(movable));
});

function settingsOf(start: unknown): VerifierSettings {
  if (!isVerifierSettings(start)) throw new TypeError("a verifying thread is started by the pool");
  return start;
}

function outcomeOf(body: Uint8Array): Outcome {
  try {
    return { kind: "verified", submission: verify(body) };
  } catch (error) {
    return { kind: "refused", refusal: refusalOf(error), body };
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof LedgerError) {
    const { code, message, members } = error;
    return { kind: "ledger", code, message, members };
  }
  if (error instanceof FormatError) return { kind: "format", code: error.code, message: error.message };
  return { kind: "fault", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** The memory an outcome gives away with its message. */
function movable(outcome: Outcome): ArrayBuffer[] {
  const arrays =
    outcome.kind === "refused"
      ? [outcome.body]
      : [
          outcome.submission.body,
          outcome.submission.payloads,
          outcome.submission.sealed,
          outcome.submission.keys,
          outcome.submission.leafHashes,
        ];
  return arrays.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
