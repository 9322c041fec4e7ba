import { RecorderError } from "../recorder/errors.ts";
import type { ImportSink } from "../recorder/import-records.ts";
import { isNodeUrl } from "../verifier/trust-profile.ts";
import { type Command, parseArguments, type Surroundings, UnusableInput } from "./command.ts";

/** Where a recorder listens by default. */
const DEFAULT_RECORDER_URL = "http://127.0.0.1:8090";
const MAX_TOKEN_BYTES = 1024;

const KINDS = {
  xroad: {
    records: "X-Road operational monitoring records",
    file: "JSON as a security server gives it, plain or gzip",
    mapping: `adds what the records do not know: data subject, categories of
                   data, purpose. Without it the events serve reconciliation only.`,
  },
  fhir: {
    records: "FHIR AuditEvents",
    file: "XML, JSON or NDJSON, plain or gzip",
    mapping: `says how patients, officials and codes of the source system are
                   to be read.`,
  },
} as const;

type Kind = keyof typeof KINDS;

/** `minhbach recorder import-xroad` and `minhbach recorder import-fhir`. */
export function recorderImportCommand(kind: Kind): Command {
  const name = `recorder import-${kind}`;
  return {
    name,
    summary: `record ${KINDS[kind].records}`,
    help: helpOf(name, kind),
    async run(args, surroundings) {
      const { file, mapping, target } = parseImportArguments(args);
      const { terminal, progress } = surroundings;
      const { describeImport, importExitCode, importFile } = await import("../recorder/import-command.ts");
      const signal = surroundings.interruption();
      const { sink, close } = await openSink(target, surroundings);
      try {
        const options = { kind, file, sink, signal, terminal: progress };
        const summary = await importFile(mapping === undefined ? options : { ...options, mapping });
        terminal.out(`${describeImport(summary)}\n`);
        if (!signal.aborted) return importExitCode(summary);
        terminal.err("minhbach: interrupted; the same command goes on and records nothing twice\n");
        return 1;
      } catch (error) {
        if (!(error instanceof RecorderError)) throw error;
        if (isUnusable(error)) throw new UnusableInput(error.message, { cause: error });
        terminal.err(`minhbach: ${error.message}\nThe same command goes on and records nothing twice.\n`);
        return 1;
      } finally {
        await close();
      }
    },
  };
}

function helpOf(name: string, kind: Kind): string {
  const { records, file, mapping } = KINDS[kind];
  return `Usage: minhbach ${name} FILE [--mapping MAP] [--to URL] [--token-file TOKEN]
       minhbach ${name} FILE [--mapping MAP] --direct

Records ${records} as events of this agency. Bad records are listed and the
rest goes on. Importing again, whole or after an interruption, records nothing twice.

  FILE             ${file}
  --mapping MAP    ${mapping}
  --to URL         the running recorder (${DEFAULT_RECORDER_URL})
  --token-file T   file with the token of this client system, where the recorder wants one
  --direct         write into the spool itself, set by the environment as for
                   minhbach recorder start, which must not be running

Ends with 0 when every record was recorded, known or left out by the mapping, 1 when some
were refused or it could not go on, 2 when the input cannot be used.
`;
}

/** The recorder that takes the events. */
type Target = { readonly direct: true } | { readonly url: string; readonly tokenFile: string | undefined };

interface ImportArguments {
  readonly file: string;
  readonly mapping: string | undefined;
  readonly target: Target;
}

function parseImportArguments(args: readonly string[]): ImportArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      mapping: { type: "string" },
      to: { type: "string" },
      "token-file": { type: "string" },
      direct: { type: "boolean", default: false },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UnusableInput("name one file to import");
  const { mapping, to, "token-file": tokenFile, direct } = values;
  if (!direct) return { file, mapping, target: { url: recorderUrl(to ?? DEFAULT_RECORDER_URL), tokenFile } };
  if (to !== undefined || tokenFile !== undefined)
    throw new UnusableInput("--direct goes without --to and --token-file");
  return { file, mapping, target: { direct } };
}

function recorderUrl(text: string): string {
  if (!isNodeUrl(text)) throw new UnusableInput(`${text} is no http or https URL of a recorder`);
  return text.replace(/\/+$/, "");
}

interface OpenSink {
  readonly sink: ImportSink;
  readonly close: () => Promise<void>;
}

async function openSink(target: Target, { env, read }: Surroundings): Promise<OpenSink> {
  const { recorderSink, serviceSink } = await import("../recorder/import-command.ts");
  if (!("direct" in target)) {
    const token = target.tokenFile === undefined ? undefined : await readToken(target.tokenFile, read);
    return { sink: serviceSink(target.url, token), close: () => Promise.resolve() };
  }
  const { openConfiguredRecorder } = await import("../recorder/start.ts");
  const { readRecorderSettings } = await import("../recorder/settings.ts");
  try {
    const recorder = await openConfiguredRecorder(readRecorderSettings(env));
    return { sink: recorderSink(recorder), close: () => recorder.close() };
  } catch (error) {
    throw error instanceof RecorderError ? new UnusableInput(error.message, { cause: error }) : error;
  }
}

async function readToken(file: string, read: Surroundings["read"]): Promise<string> {
  const token = new TextDecoder().decode(await read(file, MAX_TOKEN_BYTES)).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UnusableInput(`${file} holds no token`);
  return token;
}

/** Whether the fault is in what the person supplied, rather than on the way. */
function isUnusable({ code }: RecorderError): boolean {
  return code === "bad-import" || code === "bad-mapping" || code === "bad-setting";
}
