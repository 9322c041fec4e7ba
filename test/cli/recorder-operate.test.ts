import { cp, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import {
  recorderContinueCommand,
  recorderKeyCommand,
  recorderRefusedCommand,
  recorderResumeCommand,
  recorderTokenCommand,
} from "../../cli/recorder-operate.ts";
import { accessEvent, eventually, flushed, type Premises, premises, SOURCE } from "../recorder/fixture.ts";
import { type Ran, runCommands } from "./command-line.ts";

const COMMANDS = [
  recorderKeyCommand,
  recorderTokenCommand,
  recorderRefusedCommand,
  recorderResumeCommand,
  recorderContinueCommand,
];

describe("minhbach recorder for its operator", () => {
  let agency: Premises;
  let env: Record<string, string>;

  beforeEach(async () => {
    agency = await premises();
    const trust = path.join(agency.directory, "trust.json");
    const profile = { type: "minhbach/trust-profile", version: 1, ...agency.ledger.trust };
    await writeFile(trust, JSON.stringify(profile));
    env = {
      RECORDER_SOURCE: SOURCE,
      RECORDER_KEY: path.join(agency.directory, "key.pem"),
      RECORDER_SPOOL: path.join(agency.directory, "spool"),
      LEDGER_URL: agency.ledger.url,
      TRUST_PROFILE: trust,
      LOG_LEVEL: "silent",
    };
  });
  afterEach(() => agency.close());

  const recorder = (...args: string[]): Promise<Ran> =>
    runCommands(COMMANDS, ["recorder", ...args], {}, { env });
  const file = (name: string) => path.join(agency.directory, name);

  it("makes a key that only its owner can read, and never over another", async () => {
    const made = await recorder("key", file("new.pem"), "--alg", "ES256");
    expect(made.code).to.equal(0);
    expect(made.out).to.match(/^algorithm {2}ES256\npublic key 0x04[0-9a-f]{128}\nkey id {5}[\w-]{43}\n$/);
    expect((await stat(file("new.pem"))).mode & 0o777).to.equal(0o600);
    const again = await recorder("key", file("new.pem"));
    expect(again.code).to.equal(2);
    expect(again.err).to.include("never overwritten");
    expect((await recorder("key", file("other.pem"), "--alg", "RS256")).code).to.equal(2);
  });

  it("prints a client's token once and keeps its hash", async () => {
    const { code, out } = await recorder("token", "his", "--file", file("tokens.json"));
    expect(code).to.equal(0);
    expect(out).to.match(/^[\w-]{43}\n$/);
    const kept = await readFile(file("tokens.json"), "utf8");
    expect(kept).to.include("his").and.not.to.include(out.trim());
    expect((await recorder("token", "his")).err).to.include("--file");
  });

  it("lists what the ledger refused, and resumes what stopped", async () => {
    agency.ledger.refusalOf = ({ type }) => (type === "tombstone" ? undefined : "schema-violation");
    const running = await agency.open();
    await running.record(accessEvent("m-1"));
    await flushed(running);
    agency.ledger.refusalOf = () => "schema-violation";
    await running.record(accessEvent("m-2"));
    await eventually(() => running.status().sending.state === "stopped", "it stops");
    await running.close();

    const listed = await recorder("refused");
    expect(listed.out)
      .to.match(/^1 schema-violation: /)
      .and.not.to.include("m-1");
    expect((await recorder("refused", "--show")).out).to.include('"messageId":"m-1"');
    expect(await recorder("resume")).to.include({ code: 0, err: "" });
    agency.ledger.refusalOf = () => undefined;
    const again = await agency.open();
    expect(again.status().sending.state).not.to.equal("stopped");
  });

  it("continues a restored spool under a new source, and does not resume it", async () => {
    const first = await agency.open();
    await first.record(accessEvent("a"));
    await flushed(first);
    await first.close();
    await cp(file("spool"), file("restored"), { recursive: true });
    const original = await agency.open();
    await original.record(accessEvent("b"));
    await flushed(original);
    const restored = await agency.open({ directory: file("restored"), ledgerUrl: "http://127.0.0.1:9" });
    await restored.record(accessEvent("c"));
    await restored.close();

    const source = "qn-police/r2";
    agency.ledger.register(source, agency.key);
    env = { ...env, RECORDER_SOURCE: source, RECORDER_SPOOL: file("spool-r2") };
    expect(await recorder("continue", "--from", file("restored"))).to.deep.equal({
      code: 0,
      out: `1 events of ${SOURCE} recorded under ${source}; 0 are in the log already.\n`,
      err: "",
    });
    expect((await recorder("continue")).err).to.include("--from");
    expect((await recorder("continue", "--from", file("nothing"))).code).to.equal(2);

    const stopped = await agency.open({ directory: file("restored") });
    await eventually(() => stopped.status().sending.state === "stopped", "it stops");
    await stopped.close();
    env = { ...env, RECORDER_SOURCE: SOURCE, RECORDER_SPOOL: file("restored") };
    const { code, err } = await recorder("resume");
    expect(code).to.equal(2);
    expect(err).to.include("minhbach recorder continue");
  });

  it("needs the settings of a recorder", async () => {
    env = {};
    expect((await recorder("resume")).err).to.include("RECORDER_SOURCE");
  });
});
