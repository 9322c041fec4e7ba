/** Writes test/vectors/{valid,invalid} anew, always the same: `node test/vectors/generate.ts`. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ACCUSATIONS } from "./cases/accusations.ts";
import { BREACHES } from "./cases/breaches.ts";
import { BUNDLES } from "./cases/bundles.ts";
import { DECISIONS } from "./cases/decisions.ts";
import { DRAWS } from "./cases/draws.ts";
import { EVENTS } from "./cases/events.ts";
import { EVIDENCE } from "./cases/evidence.ts";
import { GATHERED } from "./cases/gathered.ts";
import { INDEX_PROOFS } from "./cases/index-proofs.ts";
import { INDEX_KEYS } from "./cases/index-keys.ts";
import { LOG_ARTEFACTS } from "./cases/log.ts";
import { RECEIPTS } from "./cases/receipts.ts";
import { SIGN_ONS } from "./cases/sign-ons.ts";
import { STATEMENTS } from "./cases/statements.ts";
import { SUBMISSIONS } from "./cases/submissions.ts";
import { type Vector, vectorPath } from "./cases/vector.ts";
import { isMain } from "../../scripts/is-main.ts";

/** Every vector of our own formats. */
export const VECTORS: readonly Vector[] = [
  ...EVENTS,
  ...SUBMISSIONS,
  ...RECEIPTS,
  ...DECISIONS,
  ...SIGN_ONS,
  ...EVIDENCE,
  ...BUNDLES,
  ...DRAWS,
  ...BREACHES,
  ...ACCUSATIONS,
  ...LOG_ARTEFACTS,
  ...INDEX_KEYS,
  ...INDEX_PROOFS,
  ...STATEMENTS,
  ...GATHERED,
];

if (isMain(import.meta)) {
  for (const folder of ["valid", "invalid"])
    await rm(join(import.meta.dirname, folder), { recursive: true, force: true });
  for (const vector of VECTORS) {
    const file = join(import.meta.dirname, vectorPath(vector));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, vector.content);
  }
}
