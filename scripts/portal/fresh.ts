import { readFileSync } from "node:fs";

import { withLock } from "../../toolchain/lock.mjs";
import { PORTAL_DIST, STAMP } from "./places.ts";
import { digestOfSources } from "./sources.ts";

const LOCK = `${PORTAL_DIST}.lock`;

/** Builds the pages unless `dist/portal` holds those of the present sources. Safe for several processes at once. */
export async function ensurePortal(log: (line: string) => void): Promise<void> {
  if (isFresh()) return;
  await withLock(LOCK, {
    onWait: () => log("waiting for another run that builds the portal ..."),
    task: async () => {
      if (isFresh()) return;
      log("building the portal");
      // Vite takes a while to load, and is needed for nothing else.
      const { buildPortal } = await import("./build.ts");
      await buildPortal();
    },
  });
}

function isFresh(): boolean {
  try {
    return readFileSync(STAMP, "utf8") === digestOfSources();
  } catch {
    return false;
  }
}
