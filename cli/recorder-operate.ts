import { toHex } from "../protocol/bytes.ts";
import { RecorderError } from "../recorder/errors.ts";
import type { Recorder } from "../recorder/index.ts";
import { type Command, type ExitCode, parseArguments, type Surroundings, UnusableInput } from "./command.ts";
import { printable } from "./terminal.ts";

const SET_BY_ENVIRONMENT = `The recorder is set by the environment as for minhbach recorder start; it must not be running.
`;

/** `minhbach recorder key`: makes the key a recorder signs with. */
export const recorderKeyCommand: Command = {
  name: "recorder key",
  summary: "make a recorder's signing key",
  help: `Usage: minhbach recorder key FILE [--alg EdDSA|ES256]

Makes a signing key, writes it to FILE (readable by its owner alone; never over another file) and
prints the public key as the agency's account registers it on the chain.
`,
  async run(args, { terminal }) {
    const { values, positionals } = parseArguments({
      args: [...args],
      allowPositionals: true,
      options: { alg: { type: "string", default: "EdDSA" } },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UnusableInput("name one file for the key");
    const { alg } = values;
    if (alg !== "EdDSA" && alg !== "ES256") throw new UnusableInput("--alg is EdDSA or ES256");
    const { createSigningKey } = await import("../recorder/signing-key.ts");
    const { kid, publicKey } = await usable(createSigningKey(file, alg));
    terminal.out(`algorithm  ${alg}\npublic key 0x${toHex(publicKey)}\nkey id     ${kid}\n`);
    return 0;
  },
};

/** `minhbach recorder token`: lets a client system in. */
export const recorderTokenCommand: Command = {
  name: "recorder token",
  summary: "give a client system a token for the recorder",
  help: `Usage: minhbach recorder token NAME --file TOKENS

Makes a token for the client system NAME, adds its hash to the file TOKENS (made when missing) and prints
the token, which is shown this once. A client of that name loses its old token. Restart the
recorder with RECORDER_TOKENS=TOKENS to let the client in.
`,
  async run(args, { terminal }) {
    const { values, positionals } = parseArguments({
      args: [...args],
      allowPositionals: true,
      options: { file: { type: "string" } },
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new UnusableInput("name one client system");
    if (values.file === undefined) throw new UnusableInput("name the file of tokens with --file");
    const { addClientToken } = await import("../recorder/client-tokens.ts");
    terminal.out(`${await usable(addClientToken(values.file, name))}\n`);
    return 0;
  },
};

/** `minhbach recorder resume`: takes a stop away. */
export const recorderResumeCommand: Command = {
  name: "recorder resume",
  summary: "let a stopped recorder send again",
  help: `Usage: minhbach recorder resume

Lets a recorder that stopped send again, once you have seen to the cause it names. A spool that was
restored from a backup cannot be resumed: see minhbach recorder continue.

${SET_BY_ENVIRONMENT}`,
  async run(args, surroundings) {
    parseArguments({ args: [...args], options: {} });
    return withRecorder(surroundings, async (recorder) => {
      await usable(recorder.resume());
      surroundings.terminal.out("The recorder sends again when it is started.\n");
    });
  },
};

/** `minhbach recorder continue`: moves a restored spool's events to a new source. */
export const recorderContinueCommand: Command = {
  name: "recorder continue",
  summary: "continue a restored recorder under a new source",
  help: `Usage: minhbach recorder continue --from OLD_SPOOL [--log-lost-events]

Moves the events that the log lacks from a spool that was restored from a backup to the recorder of
a new source, which the environment describes (RECORDER_SOURCE, RECORDER_SPOOL, ...). Each event is moved once,
also when this is interrupted and run again. Register the new source's key first. With --log-lost-events the
spool is an ordinary one, and the ledger was restored from a backup and goes on in a successor of
its log: what it lost is recorded again, though there are receipts for it.

${SET_BY_ENVIRONMENT}`,
  async run(args, surroundings) {
    const { values } = parseArguments({
      args: [...args],
      options: { from: { type: "string" }, "log-lost-events": { type: "boolean", default: false } },
    });
    const { from: oldDirectory, "log-lost-events": logLostEvents } = values;
    if (oldDirectory === undefined) throw new UnusableInput("name the old spool's folder with --from");
    const { continueUnderNewSource } = await import("../recorder/continue.ts");
    const { readRecorderSettings } = await import("../recorder/settings.ts");
    return withRecorder(surroundings, async (recorder) => {
      const { ledgerUrl } = readRecorderSettings(surroundings.env);
      const { oldSource, moved, alreadyHeld } = await usable(
        continueUnderNewSource({ oldDirectory, ledgerUrl, recorder, logLostEvents }),
      );
      const { source } = recorder.status();
      surroundings.terminal.out(
        `${moved} events of ${oldSource} recorded under ${source}; ${alreadyHeld} are in the log already.\n`,
      );
    });
  },
};

const MAX_LISTED = 1000;

/** `minhbach recorder refused`: the events that tombstones stand for. */
export const recorderRefusedCommand: Command = {
  name: "recorder refused",
  summary: "list the events the ledger refused",
  help: `Usage: minhbach recorder refused [--show]

Lists the events that the ledger refused and that tombstones stand for: number, code, and what the ledger
said. With --show, each event itself as well, which holds personal data.

${SET_BY_ENVIRONMENT}`,
  async run(args, surroundings) {
    const { values } = parseArguments({
      args: [...args],
      options: { show: { type: "boolean", default: false } },
    });
    return withRecorder(surroundings, async (recorder) => {
      const { openFacets, parseShownEvent } = await import("../protocol/event.ts");
      for (const { seq, record } of await recorder.refusedEvents(MAX_LISTED)) {
        surroundings.terminal.out(`${seq} ${printable(`${record.code}: ${record.detail}`)}\n`);
        if (!values.show) continue;
        surroundings.terminal.out(
          `  ${printable(JSON.stringify(openFacets(parseShownEvent(record.event))))}\n`,
        );
      }
    });
  },
};

/** Opens the recorder that the environment describes for the time of `work`. */
async function withRecorder(
  { env }: Surroundings,
  work: (recorder: Recorder) => Promise<void>,
): Promise<ExitCode> {
  const { openConfiguredRecorder } = await import("../recorder/start.ts");
  const { readRecorderSettings } = await import("../recorder/settings.ts");
  const open = async () => openConfiguredRecorder(readRecorderSettings(env));
  const recorder = await usable(open());
  try {
    await work(recorder);
    return 0;
  } finally {
    await recorder.close();
  }
}

/** What the recorder refuses here is for the person at the keyboard to set right. */
async function usable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof RecorderError ? new UnusableInput(error.message, { cause: error }) : error;
  }
}
