import { once } from "node:events";
import { RecorderError } from "../recorder/errors.ts";
import type { RunningRecorder } from "../recorder/start.ts";
import { type Command, parseArguments, type Surroundings, UnusableInput } from "./command.ts";

const HELP = `Usage: minhbach recorder start

Runs an agency's recorder: takes plain events over HTTP, signs and spools them, sends them
to the ledger in order, keeps receipts and evidence. Ends in order on SIGINT or SIGTERM.

It is set by the environment:
  RECORDER_SOURCE      agency/recorder, such as qn-police/r1 (required)
  RECORDER_KEY         file of its signing key
  RECORDER_SPOOL       folder of its spool
  LEDGER_URL           the ledger (http://127.0.0.1:8080); several servers of one ledger
                       with commas between them: it goes on with another when one is away
  TRUST_PROFILE        which chain, registries and log it trusts (DATA_DIR/trust.json)
  RECORDER_HOST        where it listens (127.0.0.1); beyond this machine it needs tokens
  RECORDER_PORT        port (8090)
  RECORDER_TOKENS      file of the client systems' tokens
  RECORDER_KEEP        what it keeps once anchored: receipts, evidence or everything
  HEARTBEAT_INTERVAL   how long idle before a heartbeat (5m), or off
  RECORDER_MAX_EVENTS, RECORDER_MAX_BYTES, LOG_LEVEL, DATA_DIR

Ends with 0 after an orderly end, 2 when it cannot start with these settings.
`;

/** `minhbach recorder start`. */
export const recorderStartCommand: Command = {
  name: "recorder start",
  summary: "run an agency's recorder",
  help: HELP,
  async run(args, { env, interruption }) {
    parseArguments({ args: [...args], options: {} });
    const end = interruption();
    const running = await started(env);
    if (!end.aborted) await once(end, "abort");
    await running.close();
    return 0;
  },
};

async function started(env: Surroundings["env"]): Promise<RunningRecorder> {
  // Loaded here, so that verifying needs none of the recorder's packages.
  const { startRecorder } = await import("../recorder/start.ts");
  const { readRecorderSettings } = await import("../recorder/settings.ts");
  try {
    return await startRecorder(readRecorderSettings(env));
  } catch (error) {
    throw error instanceof RecorderError ? new UnusableInput(error.message, { cause: error }) : error;
  }
}
