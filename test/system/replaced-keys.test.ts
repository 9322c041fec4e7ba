import path from "node:path";
import { expect } from "chai";
import { httpRpc } from "../../scripts/deploy/json-rpc.ts";
import { runKeysCommand } from "../../scripts/keys/command.ts";
import { OPERATOR, recorderKeyFile } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import { openKeys } from "../../server/secrets.ts";
import {
  type Deployed,
  deployed,
  fetchUntil,
  POLICE,
  signedSubmission,
  startLedger,
  submit,
} from "./fixture.ts";

const BEAT = {
  type: "heartbeat",
  heartbeat: { waiting: 0 },
  time: { occurred: "2026-11-22T08:00:00Z" },
} as const;
const OTHER_RECORDER = "qn-police/r9";
/** A number far beyond what is recorded: whose key is right meets a gap, and nothing is recorded. */
const BEYOND = 1000;

/** What a replaced or a stolen key can still do: nothing (a real chain, a real ledger). */
describe("keys that were replaced", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App | undefined;
  let newKey: string;
  before(async () => {
    system = await deployed();
    newKey = path.join(system.dataDir, "new-recorder.pem");
    await keys("make", "recorder", "--out", newKey);
    await start({});
  });
  after(async () => {
    await ledger?.close();
    await system.destroy();
  });

  const inKeys = (name: string): string => path.join(system.dataDir, "keys", name);

  /** Runs `npm run keys` with the accounts of the administrator and of the police; what it printed. */
  async function keys(...args: string[]): Promise<string> {
    const printed: string[] = [];
    const env = {
      ...{ DATA_DIR: system.dataDir, RPC_URL: system.chain.url, OPERATOR, LEDGER_URL: ledger?.url ?? "" },
      ...{ ADMIN_KEY_FILE: inKeys("account-admin"), ACCOUNT_KEY_FILE: inKeys("account-qn-police") },
    };
    await runKeysCommand(args, env, (line) => printed.push(line));
    return printed.join("\n");
  }

  async function start(env: Record<string, string>): Promise<App> {
    await ledger?.close();
    const secrets = await openKeys({ dataDir: system.dataDir, environment: "embedded" }, env);
    ledger = await startLedger({ ...system, secrets });
    await fetchUntil(`${ledger.url}/ready`, 200, 240_000);
    return ledger;
  }

  /** "taken", or the code of the refusal, for one event signed with the key of the file. */
  async function answerTo(source: string, first: number, keyFile: string): Promise<unknown> {
    const body = await signedSubmission(system, { source, first, facets: [BEAT], keyFile });
    const answer = await submit(ledger?.url ?? "", body);
    return answer.ok ? "taken" : ((await answer.json()) as { code: unknown }).code;
  }

  /** Asks until the ledger, which follows the chain, no longer gives the answer of before. What is refused leaves no trace. */
  async function answerAfter(before: string, ...asked: Parameters<typeof answerTo>): Promise<unknown> {
    for (;;) {
      const code = await answerTo(...asked);
      if (code !== before) return code;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function healthSays(words: string): Promise<void> {
    while (!(await (await fetch(`${ledger?.url}/health`)).text()).includes(words))
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it("an old recorder's key signs nothing beyond its numbers, and the new one nothing before", async () => {
    const oldKey = recorderKeyFile(inKeys(""), POLICE);
    expect(await answerTo(POLICE, 1, oldKey)).to.equal("taken");
    expect(await answerTo(POLICE, 2, newKey)).to.equal("unknown-key");
    expect(await keys("add", POLICE, newKey)).to.contain("from number 2 on");
    expect(await answerAfter("unknown-key", POLICE, 2, newKey)).to.equal("taken");
    expect(await answerTo(POLICE, 3, oldKey)).to.equal("key-out-of-range");
    expect(await answerTo(POLICE, 1, newKey)).to.equal("key-out-of-range");
    expect(await answerTo(POLICE, 3, newKey)).to.equal("taken");
  });

  it("a stolen key signs nothing any more, wherever its agency registered it", async () => {
    const stolen = recorderKeyFile(inKeys(""), POLICE);
    // It was taken back into use, for a second recorder too.
    await keys("add", POLICE, stolen, "--from", "4");
    await keys("add", OTHER_RECORDER, stolen, "--from", "1");
    expect(await answerAfter("key-out-of-range", POLICE, BEYOND, stolen)).to.equal("sequence-gap");
    expect(await answerAfter("key-of-another-source", OTHER_RECORDER, BEYOND, stolen)).to.equal(
      "sequence-gap",
    );

    const said = (await keys("revoke", POLICE, stolen, "--stolen")).split("\n");
    expect(said).to.have.length(3);
    for (const [at, [source, from]] of [
      [POLICE, 1],
      [POLICE, 4],
      [OTHER_RECORDER, 1],
    ].entries())
      expect(said[at]).to.match(
        new RegExp(`^${source}: .* from number ${from} on is revoked from block \\d+ on\\.$`),
      );
    await httpRpc(system.chain.url)("anvil_mine", ["0x4"]);
    expect(await answerAfter("sequence-gap", POLICE, BEYOND, stolen)).to.equal("revoked-key");
    expect(await answerAfter("sequence-gap", OTHER_RECORDER, BEYOND, stolen)).to.equal("revoked-key");
    // Said again, it is a success that changes nothing.
    expect((await keys("revoke", POLICE, stolen, "--stolen")).split("\n")).to.deep.equal(said);
    const later = await keys("revoke", POLICE, stolen, "--at", "1000000").catch(String);
    expect(later).to.contain("never moved to a later block");
  });

  it("an old anchorer anchors nothing", async () => {
    const anchors = async (): Promise<number> => {
      const { anchors: list } = (await (await fetch(`${ledger?.url}/v1/anchors`)).json()) as {
        anchors: unknown[];
      };
      return list.length;
    };
    const newAnchorer = path.join(system.dataDir, "new-anchorer.key");
    await keys("make", "anchorer", "--out", newAnchorer);
    await fetchUntil(`${ledger?.url}/v1/events/2/evidence`, 200, 240_000);
    await keys("anchorer", newAnchorer);
    const before = await anchors();
    // Still with the old one: the ledger takes events, and the chain none of its anchors.
    const body = await signedSubmission(system, { source: "qn-health/r1", first: 1, facets: [BEAT] });
    expect((await submit(ledger?.url ?? "", body)).status).to.equal(201);
    await healthSays("another anchorer");
    expect((await fetch(`${ledger?.url}/v1/events/3/evidence`)).status).to.equal(404);
    expect(await anchors()).to.equal(before);

    const { url } = await start({ ANCHORER_KEY_FILE: newAnchorer });
    await fetchUntil(`${url}/v1/events/3/evidence`, 200, 240_000);
  });
});
