import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");

/** Where the built pages lie. */
export const PORTAL_DIST = path.join(ROOT, "dist/portal");

/** Says what the pages were built from. It lies beside them, not among them: what lies in their folder is served. */
export const STAMP = `${PORTAL_DIST}.stamp`;
