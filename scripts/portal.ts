/**
 * `node scripts/run.mjs portal`: builds the web pages into `dist/portal`. With `--dev LEDGER_URL` it serves the pages as they are being written,
 * and passes everything else on to that ledger.
 */
import { buildPortal } from "./portal/build.ts";
import { PORTAL_DIST } from "./portal/places.ts";
import { servePortal } from "./portal/serve.ts";

const [mode, ledgerUrl] = process.argv.slice(2);
if (mode === undefined) {
  console.log(`built ${await buildPortal()} files into ${PORTAL_DIST}`);
} else if (mode === "--dev" && ledgerUrl !== undefined && URL.canParse(ledgerUrl)) {
  console.log(await servePortal(ledgerUrl));
} else {
  console.error("Usage: node scripts/run.mjs portal [--dev LEDGER_URL]");
  process.exitCode = 2;
}
