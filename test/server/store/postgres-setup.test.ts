import { expect } from "chai";
import pg from "pg";
import { postgresRisks, risksIn } from "../../../server/store/postgres-risks.ts";
import { postgresSessions } from "../../../server/store/postgres-session.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import { skipBecause } from "../../skip-because.ts";
import { sharedDatabase } from "../../system/shared-postgres.ts";
import { rejection } from "./conformance.ts";
import { EMPTY, groupAfter, madeSubmission } from "./groups.ts";

/** What a database that is set up well answers. */
const WELL = {
  ...{ standbys: "", confirms: "on", pages: "on", recycles: "off", keeps: "0", may: true },
  ...{ replicas: "0", holding: "0", slots: "0", prepared: "0" },
};

describe("store: how PostgreSQL is set up", function () {
  this.timeout(600_000);
  let url: string;

  beforeEach(async function () {
    const shared = await sharedDatabase().catch(() => undefined);
    if (shared === undefined) skipBecause(this, "there is no PostgreSQL for this platform");
    ({ url } = shared);
  });

  async function query(sql: string): Promise<pg.QueryResult<Record<string, unknown>>> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return await client.query<Record<string, unknown>>(sql).finally(async () => await client.end());
  }

  it("is reported where it takes away from what the records promise", () => {
    const kinds = (changes: object): string[] => risksIn({ ...WELL, ...changes }).map(({ kind }) => kind);
    expect(kinds({})).to.deep.equal([]);
    expect(kinds({ replicas: "1" })).to.deep.equal(["asynchronous-replica"]);
    expect(kinds({ replicas: "1", standbys: "*" })).to.deep.equal([]);
    expect(kinds({ replicas: "1", standbys: "*", confirms: "local" })).to.deep.equal([
      "asynchronous-replica",
    ]);
    expect(kinds({ pages: "off" })).to.deep.equal(["torn-pages"]);
    expect(kinds({ recycles: "on" })).to.deep.equal(["recycled-log"]);
    expect(kinds({ keeps: "1GB" })).to.deep.equal(["kept-log"]);
    expect(kinds({ keeps: "0MB" })).to.deep.equal([]);
    expect(kinds({ slots: "1" })).to.deep.equal(["kept-log"]);
    expect(kinds({ holding: "1" })).to.deep.equal(["old-rows-kept"]);
    expect(kinds({ prepared: "1" })).to.deep.equal(["old-rows-kept"]);
    expect(kinds({ may: false })).to.deep.equal(["missing-rights"]);
    // A database that knows none of it.
    expect(kinds({ recycles: null, keeps: null, confirms: null })).to.deep.equal([]);
  });

  it("is asked of the database itself: what its user may do", async () => {
    const store = await openPostgresStore({ url });
    expect(await store.risks()).to.deep.equal([]);
    await store.close();
    const name = `poor_${new URL(url).pathname.slice(1)}`;
    await query(`CREATE ROLE ${name} LOGIN`);
    const theirs = new URL(url);
    theirs.username = name;
    const sessions = postgresSessions(theirs.href, 1);
    expect((await postgresRisks(sessions)).map(({ kind }) => kind)).to.deep.equal(["missing-rights"]);
    await query(`GRANT pg_checkpoint TO ${name}; GRANT EXECUTE ON FUNCTION pg_switch_wal() TO ${name}`);
    expect(await postgresRisks(sessions)).to.deep.equal([]);
    await sessions.close();
  });

  it("a server takes no more connections than it is given", async () => {
    const store = await openPostgresStore({ url, connections: 10 });
    await Promise.all(Array.from({ length: 60 }, async () => await store.head()));
    const { rows } = await query(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'minhbach' AND datname = current_database()",
    );
    expect(Number(rows[0]?.["count"])).to.be.within(1, 10);
    await store.close();
  });

  it("a snapshot that nobody asks any more is ended, and holds up no erasure", async () => {
    const store = await openPostgresStore({ url, snapshotIdleMs: 100 });
    await store.campaign();
    await store.commit(groupAfter(EMPTY, [madeSubmission("qn-police/r1", 1, 3, 0)]), 0);
    const forgotten = await store.snapshot();
    await store.eraseKeys([1]);
    expect(await store.destroyed([1])).to.deep.equal(new Set([1]));
    expect(await rejection(forgotten.head())).to.have.property("code", "store-unavailable");
    await forgotten.close();
    expect((await store.head()).size).to.equal(3);
    await store.close();
  });
});
