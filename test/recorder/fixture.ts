import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { PlainEvent } from "../../protocol/facet-values.ts";
import { openRecorder, type Recorder, type RecorderConfig } from "../../recorder/index.ts";
import { createSigningKey, type SigningKey } from "../../recorder/signing-key.ts";
import type { Timing } from "../../recorder/timing.ts";
import { LedgerStub } from "./ledger-stub.ts";

export const SOURCE = "qn-police/r1";

/** A plain event that can be told from the others by its message id. */
export function accessEvent(id: string): PlainEvent {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: "079200000001", role: "self" },
    exchange: {
      messageId: id,
      client: "VN/GOV/qn-justice/civil",
      service: "VN/GOV/qn-police/population/getPerson/v1",
    },
    agent: { id: "qn-justice:1042", role: "civil-status officer" },
    data: { action: "R", personalData: ["identity", "residence"] },
    purpose: { procedure: "BIRTH_REG", legalBasis: { law: "60/2014/QH13", article: "16" } },
    time: { occurred: "2026-11-21T09:30:00+07:00" },
  };
}

/** The system's clock, and pauses that last no longer than a moment, so that retries need no waiting. */
const hastyTiming: Timing = {
  now: () => Date.now(),
  random: () => 0.5,
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(resolve, Math.min(milliseconds, 5));
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

export interface Premises {
  directory: string;
  key: SigningKey;
  ledger: LedgerStub;
  /** Opens the recorder on this spool; it is closed with the premises, unless closed before. */
  open: (config?: Partial<RecorderConfig>) => Promise<Recorder>;
  close: () => Promise<void>;
}

/** A directory, a key and a ledger that knows the key. */
export async function premises(): Promise<Premises> {
  const directory = await mkdtemp(path.join(tmpdir(), "minhbach-recorder-"));
  const key = await createSigningKey(path.join(directory, "key.pem"));
  const ledger = await LedgerStub.start();
  ledger.register(SOURCE, key);
  const open = new Set<Recorder>();
  return {
    directory,
    key,
    ledger,
    open: async (config = {}) => {
      const recorder = await openRecorder({
        source: SOURCE,
        key,
        directory: path.join(directory, "spool"),
        ledgerUrl: ledger.url,
        trust: ledger.trust,
        lingerMs: 0,
        ...config,
        parts: { timing: hastyTiming, ...config.parts },
      });
      open.add(recorder);
      const { close } = recorder;
      return {
        ...recorder,
        close: async () => {
          open.delete(recorder);
          await close();
        },
      };
    },
    close: async () => {
      for (const recorder of open) await recorder.close();
      await ledger.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Everything recorded so far has its receipt; fails the test when that takes too long. */
export async function flushed(recorder: Recorder): Promise<void> {
  const signal = AbortSignal.timeout(100_000);
  await recorder.flush(signal);
  if (signal.aborted) throw new Error(`not flushed: ${JSON.stringify(recorder.status())}`);
}

/** Resolves when `isSo` holds; asks again after each turn of the event loop, up to a hundred seconds. */
export async function eventually(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 100_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
