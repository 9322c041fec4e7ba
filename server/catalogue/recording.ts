import { fromBase64url } from "../../protocol/bytes.ts";
import type { OwnEvent } from "../sequence/own-source.ts";
import type { CatalogueHistory } from "./history.ts";
import type { LoadedCatalogue } from "./load.ts";

/**
 * Refuses a catalogue that the log contradicts: a version has one content, for ever, and one that was replaced does not come
 * back under its old name, since decisions cite it and people look up what held when.
 * @throws CatalogueError naming the line of the version.
 */
export async function requireNewOrCurrent(
  { version, digest, versionFault }: LoadedCatalogue,
  history: CatalogueHistory,
): Promise<void> {
  const versions = await history.versions();
  const current = versions.at(-1);
  const recorded = versions.find((each) => each.version === version);
  if (recorded === undefined || current === undefined || current.digest === digest) return;
  const reason =
    recorded.digest === digest
      ? `the version ${version} was replaced by ${current.version}; give the catalogue a new version to go back to it`
      : `the version ${version} is recorded with another content (event ${recorded.index}); give the changed catalogue a new version`;
  throw versionFault(reason);
}

export interface RecordingParts {
  /** Whether the chain agreed and the log knows the ledger's own key: before that nothing is recorded. */
  readonly mayRecord: () => boolean;
  /** Records an event of the own source once, however often it is asked. */
  readonly record: (event: OwnEvent) => Promise<number>;
}

/**
 * The work, to be done again and again until it succeeds, that records the catalogue. Its file is kept beside the event and found
 * by its digest, so a crash before, in or after the commit ends in one event.
 */
export function catalogueRecording(
  { version, digest, file }: LoadedCatalogue,
  { mayRecord, record }: RecordingParts,
): () => Promise<void> {
  let recorded = false;
  return async () => {
    if (recorded || !mayRecord()) return;
    await record({
      facets: () => ({ type: "catalogue", catalogue: { version, digest } }),
      attachment: { name: fromBase64url(digest), body: file },
    });
    recorded = true;
  };
}
