import { expect } from "chai";
import { CatalogueError } from "../../../server/catalogue/error.ts";
import type { LoadedCatalogue } from "../../../server/catalogue/load.ts";
import { catalogueRecording, requireNewOrCurrent } from "../../../server/catalogue/recording.ts";
import type { Store } from "../../../server/store/store.ts";
import { testRecorder } from "../receive/recorder.ts";
import { expectWholeLog, testLedger } from "../sequence/ledger.ts";
import { type Fault, faultyStore } from "../store/faulty-store.ts";
import { catalogueVersions, historyOf, onStore, start } from "./versions.ts";

const recorder = testRecorder("qn-police/r1");

describe("server/catalogue/recording", () => {
  let first: LoadedCatalogue;
  let second: LoadedCatalogue;
  let changed: LoadedCatalogue;
  before(async () => {
    ({ first, second, changed } = await catalogueVersions());
  });

  it("records each version once, whatever is in between and however often the server starts", async () => {
    await onStore(async (store) => {
      for (const catalogue of [first, first, first]) await start(store, catalogue);
      expect((await store.head()).size).to.equal(1);
      const { submit, sequencer } = testLedger(store, [recorder]);
      await submit(recorder.submission(1, [recorder.event(1), recorder.event(2)]));
      await sequencer.close();
      for (const catalogue of [second, second]) await start(store, catalogue);
      expect((await store.head()).size).to.equal(4);
      await expectWholeLog(store);
      const history = historyOf(store);
      const versions = await history.versions();
      expect(versions.map(({ version, digest, index }) => ({ version, digest, index }))).to.deep.equal([
        { version: "2026-11-22.4", digest: first.digest, index: 0 },
        { version: "2026-12-01", digest: second.digest, index: 3 },
      ]);
      expect(await Promise.all(versions.map(history.file))).to.deep.equal([first.file, second.file]);
    });
  });

  for (const fault of ["kept", "lost"] as const satisfies readonly Fault[]) {
    it(`records it once when the write is ${fault} and the server tries again or starts again`, async () => {
      for (const restarted of [false, true]) {
        await onStore(async (store) => {
          const { sequencer } = testLedger(
            faultyStore(store, (writes) => (writes === 0 ? fault : undefined)),
            [recorder],
          );
          const record = catalogueRecording(first, { mayRecord: () => true, record: sequencer.record });
          expect(await record().catch((error: unknown) => error)).to.have.property(
            "code",
            "store-unavailable",
          );
          await (restarted ? start(store, first) : record());
          await sequencer.close();
          expect((await store.head()).size).to.equal(1);
          expect(await historyOf(store).versions()).to.have.length(1);
        });
      }
    });
  }

  it("records nothing before it may", async () => {
    let asked = 0;
    const record = catalogueRecording(first, {
      mayRecord: () => false,
      record: () => Promise.resolve(asked++),
    });
    await record();
    expect(asked).to.equal(0);
  });

  it("refuses another content under a recorded version, and a version that was replaced", async () => {
    await onStore(async (store) => {
      await start(store, first);
      await requireNewOrCurrent(second, historyOf(store));
      await expectRefused(
        store,
        changed,
        /^catalogue\.json:2: the version 2026-11-22\.4 is recorded with another content/,
      );
      await start(store, second);
      await expectRefused(
        store,
        first,
        /^catalogue\.json:2: the version 2026-11-22\.4 was replaced by 2026-12-01/,
      );
    });
  });

  async function expectRefused(store: Store, catalogue: LoadedCatalogue, message: RegExp): Promise<void> {
    const error: unknown = await requireNewOrCurrent(catalogue, historyOf(store)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(CatalogueError).with.property("message").that.matches(message);
  }
});
