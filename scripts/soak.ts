/**
 * `npm run soak [-- ROUNDS]`: the crash tests of the ledger and of the recorder's spool, with as many kills as asked for (500 by default, a
 * quarter of an hour or more). Ends with the first promise that was broken, or with a summary.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
const CRASH_TESTS = ["test/system/crash.test.ts", "test/recorder/kill.test.ts"];
const DEFAULT_ROUNDS = 500;

const [text = String(DEFAULT_ROUNDS)] = process.argv.slice(2);
if (!/^[1-9][0-9]{0,5}$/.test(text)) {
  console.error(`The number of rounds must be a whole number from 1 to 999999; it is "${text}".`);
  process.exit(2);
}
const mocha = path.join(ROOT, "node_modules/mocha/bin/mocha.js");
const child = spawn(process.execPath, [mocha, "--bail", ...CRASH_TESTS], {
  cwd: ROOT,
  env: { ...process.env, CRASH_ROUNDS: text },
  stdio: "inherit",
});
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
