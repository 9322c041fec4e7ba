import { type CatalogueHistory, catalogueHistory } from "../../../server/catalogue/history.ts";
import { type LoadedCatalogue, loadCatalogue } from "../../../server/catalogue/load.ts";
import { catalogueRecording, requireNewOrCurrent } from "../../../server/catalogue/recording.ts";
import type { Store } from "../../../server/store/store.ts";
import { ledgerRecorder, testLedger, withFolder } from "../sequence/ledger.ts";
import { catalogueFolder } from "./folder.ts";

/** Three catalogues: one, another content under its version, and that content under a version of its own. */
export interface Versions {
  readonly first: LoadedCatalogue;
  readonly changed: LoadedCatalogue;
  readonly second: LoadedCatalogue;
}

export async function catalogueVersions(): Promise<Versions> {
  const { folder, replace, remove } = await catalogueFolder();
  const first = await loadCatalogue(folder);
  await replace("procedures/PASSPORT.json", "Hộ chiếu", "Hộ chiếu phổ thông");
  const changed = await loadCatalogue(folder);
  await replace("catalogue.json", "2026-11-22.4", "2026-12-01");
  const second = await loadCatalogue(folder);
  await remove();
  return { first, changed, second };
}

/** A start of the server as far as the catalogue goes: check, then record until it is done. */
export async function start(store: Store, catalogue: LoadedCatalogue): Promise<void> {
  await requireNewOrCurrent(catalogue, historyOf(store));
  const { sequencer } = testLedger(store, []);
  const record = catalogueRecording(catalogue, { mayRecord: () => true, record: sequencer.record });
  try {
    await record();
    await record();
  } finally {
    await sequencer.close();
  }
}

/** The history as a server just started reads it. */
export function historyOf(store: Store): CatalogueHistory {
  return catalogueHistory(store, ledgerRecorder.source);
}

export async function onStore(use: (store: Store) => Promise<void>): Promise<void> {
  await withFolder(async (open) => {
    const store = await open();
    try {
      await use(store);
    } finally {
      await store.close();
    }
  });
}
