import { copyFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { verifyJws } from "../../protocol/jws.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { openSigningKey } from "../../recorder/index.ts";
import { httpRpc } from "../../scripts/deploy/json-rpc.ts";
import { runKeysCommand } from "../../scripts/keys/command.ts";
import { OPERATOR, recorderKeyFile } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import type { Config } from "../../server/config.ts";
import { logPublicKeys, openKeys } from "../../server/secrets.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  openDemoRecorder,
  POLICE,
  signedSubmission,
  startLedger,
  submit,
} from "../system/fixture.ts";

const DOCUMENT = path.resolve(import.meta.dirname, "../../docs/KEYS.md");
const CATALOGUE = path.resolve(import.meta.dirname, "../../catalogue");
const BEAT = {
  type: "heartbeat",
  heartbeat: { waiting: 0 },
  time: { occurred: "2026-11-22T08:00:00Z" },
} as const;
const ADMIN_DELAY_SECONDS = 3 * 24 * 3600;

/** Docs/KEYS.md: each command runs, in its order, on a chain with a ledger, and does what the page says. */
describe("docs/KEYS.md", function () {
  this.timeout(600_000);
  let system: Deployed;
  let folder: string;
  let text: string;
  let ledger: App | undefined;
  /** Commands of the page that were run. */
  const ran = new Set<string>();
  /** What the ledger's process would have in its environment. */
  const used: Record<string, string> = {};

  before(async () => {
    text = await readFile(DOCUMENT, "utf8");
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-keys-"));
    system = await deployed();
    const keys = path.join(system.dataDir, "keys");
    await copyFile(path.join(keys, "account-admin"), path.join(folder, "admin.key"));
    await copyFile(path.join(keys, "account-qn-operator"), path.join(folder, "operator.key"));
    await copyFile(path.join(keys, "account-qn-police"), path.join(folder, "agency.key"));
    await copyFile(recorderKeyFile(keys, POLICE), path.join(folder, "old-recorder.pem"));
    await restart();
  });
  after(async () => {
    await ledger?.close();
    await system.destroy();
    await rm(folder, { recursive: true });
  });

  const place = (name: string): string => path.join(folder, name);

  async function restart(config: Partial<Config> = {}): Promise<App> {
    await ledger?.close();
    const secrets = await openKeys({ dataDir: system.dataDir, environment: "embedded" }, used);
    ledger = await startLedger({ ...system, secrets }, { config });
    await fetchUntil(`${ledger.url}/ready`, 200, 120_000);
    return ledger;
  }

  /** Runs the page's command that begins so, as if typed in the folder. */
  async function run(begin: string): Promise<string> {
    const line = [...text.matchAll(/^(?:[A-Z_]+=\S+ )*npm run keys -- (.*)$/gm)].find(([, command = ""]) =>
      command.startsWith(begin),
    );
    if (line === undefined) throw new Error(`docs/KEYS.md has no command ${begin}`);
    const [whole, command = ""] = line;
    ran.add(whole);
    const env: Record<string, string> = {
      ...{ DATA_DIR: system.dataDir, RPC_URL: system.chain.url, OPERATOR, LEDGER_URL: ledger?.url ?? "" },
      ...used,
    };
    for (const [, name = "", value = ""] of whole.matchAll(/([A-Z_]+)=(\S+) /g)) env[name] = place(value);
    const args = command.split(" ").map((arg) => (/\.(?:key|pem)$/.test(arg) ? place(arg) : arg));
    const printed: string[] = [];
    await runKeysCommand(args, env, (printedLine) => printed.push(printedLine));
    const output = printed.join("\n");
    for (const file of args.filter((arg) => arg.startsWith(folder)))
      expect(output, "no secret is printed").to.not.contain((await readFile(file, "utf8")).trim());
    return output;
  }

  async function refusal(first: number): Promise<unknown> {
    const body = await signedSubmission(system, { source: POLICE, first, facets: [BEAT] });
    const answer = await submit(ledger?.url ?? "", body);
    return ((await answer.json()) as { code: unknown }).code;
  }

  it("lists each key with where it is and what the chain says", async () => {
    const output = await run("list");
    for (const name of ["checkpoint", "receipt", "vrf", "ledger", "desk", "anchorer"])
      expect(output).to.match(new RegExp(`^${name} .*the chain names it$`, "m"));
    expect(output).to.match(/^pepper .* - {2}a secret/m);
    for (const secret of Object.values(system.secrets) as Uint8Array[])
      expect(output).to.not.contain(Buffer.from(secret).toString("hex"));
  });

  it("replaces the log's keys; receipts by the former ones go on binding", async () => {
    const body = await signedSubmission(system, { source: POLICE, first: 1, facets: [BEAT] });
    const given = (await (await submit(ledger?.url ?? "", body)).json()) as { receipts: string[] };
    await run("make checkpoint");
    await run("make receipt");
    expect((await stat(place("new-receipt.key"))).mode & 0o777).to.equal(0o600);
    await run("rotate");
    expect(await run("list")).to.match(/^receipt .*REPLACED/m);
    await fetchUntil(`${ledger?.url ?? ""}/ready`, 503, 120_000);
    expect(await refusal(2)).to.equal("wrong-keys");

    used["CHECKPOINT_KEY_FILE"] = place("new-checkpoint.key");
    used["RECEIPT_KEY_FILE"] = place("new-receipt.key");
    const { url } = await restart();
    const shown = await fetch(`${url}/v1/receipts`, { method: "POST", body: JSON.stringify(given) });
    expect(await shown.json()).to.deep.equal({ honoured: 1 });
    const recorder = await openDemoRecorder(system, url, {
      ...{ source: "qn-health/r1", directory: place("spool") },
    });
    await recorder.record(ACCESS);
    await recorder.flush(AbortSignal.timeout(120_000));
    const { jws } = parseReceipt((await recorder.receiptOf(1))?.receipt ?? "");
    await recorder.close();
    const secrets = await openKeys({ dataDir: system.dataDir, environment: "embedded" }, used);
    expect(verifyJws(jws, { alg: "EdDSA", key: logPublicKeys(secrets).receipt })).to.equal(true);
    await fetchUntil(`${url}/v1/events/1/evidence`, 200, 120_000);
  });

  it("replaces the anchorer, and the new one anchors", async () => {
    await run("make anchorer");
    await run("anchorer");
    expect(await run("list")).to.match(/^anchorer .*UNKNOWN/m);
    used["ANCHORER_KEY_FILE"] = place("new-anchorer.key");
    const { url } = await restart();
    const body = await signedSubmission(system, { source: POLICE, first: 2, facets: [BEAT] });
    expect((await submit(url, body)).status).to.equal(201);
    await fetchUntil(`${url}/v1/events/2/evidence`, 200, 120_000);
  });

  it("replaces the key of an own source from the next number on", async () => {
    const own = await restart({ catalogueDir: CATALOGUE });
    await fetchUntil(`${own.url}/v1/sources/${OPERATOR}/ledger`, 200, 120_000);
    await run("make ledger");
    used["LEDGER_KEY_FILE"] = place("new-ledger.key");
    await restart();
    expect(await run("list")).to.match(/^ledger .*UNKNOWN/m);
    expect(await run("add qn-operator")).to.contain("signs from number 2 on");
    expect(await run("list")).to.match(/^ledger .*the chain names it$/m);
  });

  it("replaces a recorder's key from a number on, and revokes the old one", async () => {
    await run("make recorder");
    await run("add qn-police");
    await run("revoke qn-police/r1 old-recorder.pem --at");
    const recorder = await openSigningKey(place("new-recorder.pem"));
    expect(recorder.alg).to.equal("EdDSA");
    await run("revoke qn-police/r1 old-recorder.pem --stolen");
  });

  it("replaces accounts of agencies and registrars", async () => {
    await run("make account");
    await run("account qn-police");
    await run("make registrar");
    expect(await run("registrar new-registrar.key --grant")).to.contain("is a registrar");
    expect(await run("registrar new-registrar.key --take")).to.contain("is no registrar");
  });

  it("hands the administration over in two steps with the delay between them", async () => {
    await run("make admin");
    expect(await run("admin begin")).to.match(/may accept after 2\d{3}-/);
    const early = await run("admin accept").catch((error: unknown) => error);
    expect(String(early)).to.contain("AccessControlEnforcedDefaultAdminDelay");
    await ledger?.close();
    ledger = undefined;
    const rpc = httpRpc(system.chain.url);
    await rpc("evm_increaseTime", [ADMIN_DELAY_SECONDS + 60]);
    await rpc("evm_mine", []);
    expect(await run("admin accept")).to.match(/anchors: 0x\w+ administers\.\nagencies: 0x\w+ administers\./);
  });

  it("makes another VRF key, for a successor of the log", async () => {
    await run("make vrf");
    expect((await stat(place("new-vrf.key"))).mode & 0o777).to.equal(0o600);
  });

  it("has no command that no test here runs", () => {
    const commands = [...text.matchAll(/^(?:[A-Z_]+=\S+ )*npm run keys -- .*$/gm)].map(([line]) => line);
    expect(commands.filter((line) => !ran.has(line))).to.deep.equal([]);
  });
});
