import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { recorderImportCommand } from "../../cli/recorder-import.ts";
import { recorderStartCommand } from "../../cli/recorder-start.ts";
import { type Premises, premises, SOURCE } from "../recorder/fixture.ts";
import { type Ran, runCommands } from "./command-line.ts";

const COMMANDS = [recorderStartCommand, recorderImportCommand("xroad"), recorderImportCommand("fhir")];
const SAMPLES = path.resolve(import.meta.dirname, "../recorder/samples");
const XROAD = path.join(SAMPLES, "xroad-opmon-record.json");
const FHIR = path.join(SAMPLES, "fhir-auditevent-consent-authz.xml");

describe("minhbach recorder", () => {
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
      RECORDER_PORT: "0",
      LEDGER_URL: agency.ledger.url,
      TRUST_PROFILE: trust,
      LOG_LEVEL: "silent",
    };
  });

  afterEach(() => agency.close());

  function recorder(args: readonly string[], interruption = new AbortController().signal): Promise<Ran> {
    return runCommands(COMMANDS, ["recorder", ...args], {}, { env, interruption: () => interruption });
  }

  describe("start", () => {
    it("runs until it is interrupted, and ends in order", async () => {
      const interruption = new AbortController();
      const ended = recorder(["start"], interruption.signal);
      interruption.abort();
      expect(await ended).to.deep.equal({ code: 0, out: "", err: "" });
    });

    it("ends with 2 and names the setting that is missing or wrong", async () => {
      env = { ...env, RECORDER_PORT: "http" };
      expect((await recorder(["start"])).err).to.include("RECORDER_PORT must be a whole number");
      env = {};
      const { code, err } = await recorder(["start"]);
      expect(code).to.equal(2);
      expect(err).to.include("RECORDER_SOURCE").and.to.include("See: minhbach recorder start --help");
    });

    it("takes no arguments", async () => {
      expect((await recorder(["start", "qn-police/r1"])).code).to.equal(2);
    });
  });

  describe("import", () => {
    it("records the records of both kinds, and nothing twice", async () => {
      for (const [kind, file] of [
        ["xroad", XROAD],
        ["fhir", FHIR],
      ] as const) {
        const first = await recorder([`import-${kind}`, file, "--direct"]);
        expect(first.err).to.equal("");
        expect(first.out).to.include("1 recorded, 0 imported before");
        expect(first.code).to.equal(0);
        const again = await recorder([`import-${kind}`, file, "--direct"]);
        expect(again.out).to.include("0 recorded, 1 imported before");
        expect(again.code).to.equal(0);
      }
    });

    it("ends with 1 when no recorder answers, and says that it may be repeated", async () => {
      const { code, err } = await recorder(["import-xroad", XROAD, "--to", "http://127.0.0.1:1/"]);
      expect(code).to.equal(1);
      expect(err)
        .to.include("No recorder answers at http://127.0.0.1:1")
        .and.to.include("records nothing twice");
    });

    it("ends with 1 when it was interrupted", async () => {
      const { code, err } = await recorder(["import-xroad", XROAD, "--direct"], AbortSignal.abort());
      expect(code).to.equal(1);
      expect(err).to.include("interrupted");
    });

    it("ends with 2 when the input cannot be used", async () => {
      const mapping = path.join(agency.directory, "mapping.json");
      await writeFile(mapping, '{"version":2}');
      const unusable: readonly (readonly [args: readonly string[], says: string])[] = [
        [[], "name one file to import"],
        [[XROAD, FHIR], "name one file to import"],
        [[XROAD, "--direct", "--to", "http://a"], "--direct goes without"],
        [[XROAD, "--to", "localhost:8090"], "no http or https URL"],
        [[XROAD, "--token-file", "gone"], "gone cannot be read"],
        [[path.join(agency.directory, "gone"), "--direct"], "gone"],
        [[FHIR, "--direct"], "holds no X-Road records"],
        [[XROAD, "--direct", "--mapping", mapping], "mapping"],
      ];
      for (const [args, says] of unusable) {
        const { code, err } = await recorder(["import-xroad", ...args]);
        expect(err, args.join(" "))
          .to.include(says)
          .and.to.include("See: minhbach recorder import-xroad --help");
        expect(code).to.equal(2);
      }
    });
  });
});
