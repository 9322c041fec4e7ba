import path from "node:path";
import { DEMO_SOURCE } from "./agencies.ts";
import type { StartSettings } from "./settings.ts";

/** As short as it can be typed in the folder where we were started. */
function here(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith("..") ? file : relative;
}

/** As Node's `require` takes it. */
function required(file: string): string {
  const name = here(file);
  return path.isAbsolute(name) ? name : `./${name}`;
}

/**
 * What to look at and what to try, as commands to copy.
 * @param nextSeq the number that the recorder gives to its next event, if it told
 */
export function welcome(settings: StartSettings, nextSeq: number | undefined): string {
  const { dataFolder, ledgerUrl, recorderUrl, trustProfile } = settings;
  return `
Minh Bạch is running on an embedded chain; its state is in ${here(dataFolder)}. Ctrl-C stops it.

  ledger         ${ledgerUrl}  its pages: for citizens, inspectors, everybody
                 ${ledgerUrl}/health  how it is
                 ${ledgerUrl}/docs  its API
  recorder       ${recorderUrl}  of ${DEMO_SOURCE}
  trust profile  ${here(trustProfile)}
  logs           ${here(path.join(dataFolder, "logs"))}

Try it in another terminal, from this folder:

  # record that an official read a person's data
  curl -s ${recorderUrl}/v1/events -H 'content-type: application/json' -d @scripts/start/first-event.json

  # seconds later it is anchored: fetch the evidence under the seq of the answer, and verify it with nothing but the chain
  curl -sf --retry 60 --retry-delay 1 --retry-all-errors ${recorderUrl}/v1/events/${nextSeq ?? "SEQ"}/evidence -o evidence.json
  npx minhbach verify evidence.json --trust ${here(trustProfile)}

  # that person asks who used their data, and gets proof that the list is whole
  CITIZEN=$(node -p "require('${required(path.join(dataFolder, "dev-tokens.json"))}').find(({ caller }) => caller.name === 'citizen 1').token")
  curl -sf --retry 60 --retry-delay 1 --retry-all-errors -H "authorization: Bearer $CITIZEN" ${ledgerUrl}/v1/statement -o statement.json
  npx minhbach verify statement.json --trust ${here(trustProfile)}
`;
}
