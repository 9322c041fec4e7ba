import { expect } from "chai";
import { measureTakeover } from "../../scripts/bench/takeover.ts";
import { hasPostgres } from "../../scripts/postgres.ts";
import { TAKEOVER_MS } from "../../server/store/postgres-lead.ts";
import { skipBecause } from "../skip-because.ts";

describe("three servers of one log, of which the leader is killed", function () {
  // A busy machine is slow: `npm run bench` says how long it takes on a quiet one.
  this.timeout(600_000);

  it("have another that publishes, indexes and anchors what is sent afterwards", async function () {
    if (!hasPostgres) skipBecause(this, "there is no PostgreSQL for this platform");
    const rounds = await measureTakeover(1, () => undefined);
    expect(rounds).to.have.length(1);
    for (const seconds of Object.values(rounds?.[0] ?? {})) expect(seconds).to.be.greaterThan(0);
  });

  it("have it within ten seconds, if the database answers", () => {
    expect(TAKEOVER_MS).to.be.at.most(10_000);
  });
});
