import { LedgerError } from "../errors.ts";
import { registerEnd, registerKey } from "./level-keys.ts";
import type { Databases } from "./level-reader.ts";
import { markEvents } from "./level-marks.ts";
import { anchorOf, anchorPlace } from "./rows.ts";

/** Changes the databases from the format before into its own; runs before anything else may read. */
export type Migration = (databases: Databases) => Promise<void>;

/** The n-th migration leads from format n to n + 1 (counting from 1), so the current format is their number plus one. */
export const MIGRATIONS: readonly Migration[] = [numberAnchors, markEvents];

/** To format 2: anchors are found by their number. */
async function numberAnchors({ register }: Databases): Promise<void> {
  const anchors = { gte: registerKey("anchors"), lt: registerEnd("anchors") };
  for await (const [, row] of register.iterator(anchors)) {
    const anchor = anchorOf(row);
    await register.put(registerKey("anchorNumbers", anchor.number), anchorPlace(anchor));
  }
}

/**
 * Brings the databases to the current format, step by step.
 * @throws LedgerError `store-unavailable` when their format is newer than this program.
 */
export async function migrate(databases: Databases, migrations: readonly Migration[]): Promise<void> {
  const { register } = databases;
  const current = migrations.length + 1;
  const [stored] = await register.getMany([registerKey("format")]);
  const format = stored === undefined ? current : Number(stored.toString("latin1"));
  if (format > current) {
    const message = `The records have format ${format}, this program knows up to ${current}: run a newer version.`;
    throw new LedgerError("store-unavailable", message);
  }
  for (const [from, migration] of migrations.entries()) {
    if (from + 1 < format) continue;
    await migration(databases);
    // Each step is durable before the next: a crash in between goes on from here.
    await register.put(registerKey("format"), Buffer.from(String(from + 2)), { sync: true });
  }
  if (stored === undefined) {
    await register.put(registerKey("format"), Buffer.from(String(current)), { sync: true });
  }
}
