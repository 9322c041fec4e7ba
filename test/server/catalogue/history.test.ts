import { expect } from "chai";
import { fromBase64url } from "../../../protocol/bytes.ts";
import type { LoadedCatalogue } from "../../../server/catalogue/load.ts";
import { testRecorder } from "../receive/recorder.ts";
import { ledgerRecorder, testLedger } from "../sequence/ledger.ts";
import { catalogueVersions, historyOf, onStore, start } from "./versions.ts";

describe("server/catalogue/history", () => {
  let first: LoadedCatalogue;
  let second: LoadedCatalogue;
  before(async () => {
    ({ first, second } = await catalogueVersions());
  });

  it("notices what was recorded since it looked last", async () => {
    await onStore(async (store) => {
      const history = historyOf(store);
      expect(await history.versions()).to.deep.equal([]);
      await start(store, first);
      expect(await history.versions()).to.have.length(1);
      await start(store, second);
      expect(await history.versions()).to.have.length(2);
    });
  });

  it("does not hand out a file that is not the recorded one", async () => {
    await onStore(async (store) => {
      await start(store, first);
      for (const attachment of [second.file, undefined]) {
        const history = historyOf({ ...store, attachment: () => Promise.resolve(attachment) });
        const [recorded] = await history.versions();
        if (recorded === undefined) throw new Error("nothing is recorded");
        const error: unknown = await history.file(recorded).catch((thrown: unknown) => thrown);
        expect(error).to.have.property("message").that.contains("does not hold the catalogue 2026-11-22");
      }
    });
  });

  it("takes no event for a version that came without its file, and none of another source", async () => {
    await onStore(async (store) => {
      const facets = {
        type: "catalogue",
        catalogue: { version: "2027-01-01", digest: second.digest },
        time: { occurred: "2026-11-22T08:00:00Z" },
      } as const;
      const desk = testRecorder("minhbach/desk");
      const { submit, sequencer } = testLedger(store, [desk]);
      await submit(ledgerRecorder.submission(1, [ledgerRecorder.event(1, facets)]));
      await submit(desk.submission(1, [desk.event(1, facets)]));
      await sequencer.close();
      expect(await historyOf(store).versions()).to.deep.equal([]);
      await start(store, second);
      const [only, ...others] = await historyOf(store).versions();
      expect([only?.index, others.length]).to.deep.equal([2, 0]);
      expect(await store.attachmentIndex(fromBase64url(second.digest))).to.equal(2);
    });
  });
});
