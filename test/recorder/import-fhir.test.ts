import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { importFile, recorderSink } from "../../recorder/import-command.ts";
import type { Recorder } from "../../recorder/index.ts";
import { flushed, premises, SOURCE, type Premises } from "./fixture.ts";

const sample = (name: string) => path.resolve(import.meta.dirname, "samples", name);
const XML = sample("fhir-auditevent-consent-authz.xml");
const R4 = sample("fhir-auditevent-r4-vread.json");
const R5 = sample("fhir-auditevent-r5-vread.json");

describe("import of FHIR AuditEvents", () => {
  let here: Premises;
  let recorder: Recorder;
  beforeEach(async () => {
    here = await premises();
    recorder = await here.open();
  });
  afterEach(() => here.close());

  const file = () => path.join(here.directory, "events");
  const run = async (source: string, mapping?: object) => {
    const mappingFile = path.join(here.directory, "mapping.json");
    if (mapping !== undefined) await writeFile(mappingFile, JSON.stringify(mapping));
    return importFile({
      kind: "fhir",
      file: source,
      sink: recorderSink(recorder),
      ...(mapping === undefined ? {} : { mapping: mappingFile }),
    });
  };
  const events = async () => {
    await flushed(recorder);
    return here.ledger.eventsOf(SOURCE);
  };
  const subject = { scheme: "vn-cccd", id: "079200000001" };

  it("reads the shape between R4 and R5 in XML: agent, action, outcome and time", async () => {
    expect(await run(XML)).to.include({ read: 1, recorded: 1, withoutSubject: 1, failed: 0 });
    expect(await events()).to.deep.equal([
      {
        type: "access",
        exchange: {
          messageId: "example-consent-permit-authz",
          client: "https://github.com/synthetichealth/synthea|Org1",
          service: "fhir-server",
          side: "provider",
        },
        "agent.id": "https://github.com/synthetichealth/synthea|Org1",
        "agent.role": "Destination Role ID",
        data: { action: "E", personalData: ["fhir:Patient", "fhir:Consent"] },
        outcome: { code: "success", detail: "CONSENT_PERMIT" },
        time: { occurred: "2021-09-08T21:51:59.932Z", recorded: "2021-09-08T21:51:59.932Z" },
        handling: { origin: "fhir-auditevent" },
      },
    ]);
  });

  it("finds the person, the official, the purpose and the categories through the mapping", async () => {
    const mapping = {
      version: 1,
      client: "qn-health",
      service: "qn-hospital/fhir",
      patients: { "Patient/example": { ...subject, role: "self" } },
      agents: { "https://github.com/synthetichealth/synthea|Org1": { id: "qn-health:7", role: "physician" } },
      categories: { Patient: ["identity"], Consent: ["consent"] },
      purposes: { TREAT: { procedure: "MED_PRAC" } },
    };
    expect(await run(XML, mapping)).to.include({ recorded: 1, withoutSubject: 0 });
    expect((await events())[0]).to.deep.include({
      subject: { ...subject, role: "self" },
      exchange: {
        messageId: "example-consent-permit-authz",
        client: "qn-health",
        service: "qn-hospital/fhir",
        side: "provider",
      },
      "agent.id": "qn-health:7",
      "agent.role": "physician",
      data: { action: "E", personalData: ["identity", "consent"] },
      purpose: { procedure: "MED_PRAC" },
    });
  });

  it("reads R4 in JSON, and the person by an identifier the mapping knows the system of", async () => {
    expect(await run(R4, { version: 1, identifierSystems: { "urn:vn:cccd": "vn-cccd" } })).to.include({
      recorded: 1,
    });
    const [event] = await events();
    expect(event).to.deep.include({
      subject,
      "agent.id": "95",
      "agent.role": "human user",
      data: { action: "R", personalData: ["fhir:Patient"] },
      outcome: { code: "success" },
      time: { occurred: "2013-06-20T23:42:23Z", recorded: "2013-06-20T23:42:24Z" },
    });
    expect(JSON.stringify(event)).not.to.contain("Grieve");
  });

  it("reads R5 in JSON", async () => {
    expect(await run(R5, { version: 1, patients: { "Patient/example": subject } })).to.include({
      recorded: 1,
    });
    expect((await events())[0]).to.deep.include({
      subject,
      "agent.id": "95",
      exchange: {
        messageId: "example-rest",
        client: "95",
        service: "hl7connect.healthintersections.com.au",
        side: "provider",
      },
      outcome: { code: "success" },
    });
  });

  it("imports an AuditEvent once, from whatever file it comes", async () => {
    const json = await readFile(R5, "utf8");
    await writeFile(file(), `${json}\n${json}`);
    expect(await run(file())).to.include({ read: 2, recorded: 1, known: 1 });
    expect(await run(R4)).to.include({ known: 1 });
    expect(await events()).to.have.length(1);
  });

  it("takes an AuditEvent without an id by its content", async () => {
    const text = (await readFile(R5, "utf8")).replace('"id": "example-rest",', "");
    await writeFile(file(), `${text}\n${text.replace("23:42:24", "23:42:25")}`);
    expect(await run(file())).to.include({ recorded: 2 });
    expect(await run(file())).to.include({ known: 2 });
  });

  it("reads bundles: JSON, and XML of any length cut anywhere into chunks", async () => {
    const r5: unknown = JSON.parse(await readFile(R5, "utf8"));
    const bundle = {
      resourceType: "Bundle",
      entry: [{ resource: r5 }, { resource: { resourceType: "OperationOutcome" } }],
    };
    await writeFile(file(), JSON.stringify(bundle));
    const summary = await run(file());
    expect(summary).to.include({ read: 2, recorded: 1, failed: 1 });
    expect(summary.failures).to.deep.equal([
      { place: "record 1 (line 1), entry 2", message: "is no AuditEvent" },
    ]);

    const one = (await readFile(XML, "utf8")).replace(/<\?xml.*\?>/, "");
    const entries = Array.from(
      { length: 300 },
      (_, at) =>
        `<!-- <AuditEvent> ${"x".repeat(at)} --><entry><resource>${one.replace("example-consent", `e-${at}`)}</resource></entry>`,
    );
    await writeFile(file(), `<Bundle xmlns="http://hl7.org/fhir">${entries.join("\n")}</Bundle>`);
    expect(await run(file())).to.include({ read: 300, recorded: 300, failed: 0 });
  });

  it("leaves out what the mapping says to, such as logins", async () => {
    expect(await run(R5, { version: 1, ignore: ["vread"] })).to.include({ ignored: 1, recorded: 0 });
  });

  const replaced: [what: string, from: string, to: string, message: string][] = [
    [
      "another namespace",
      "http://hl7.org/fhir",
      "http://example.org",
      "is not of the namespace http://hl7.org/fhir",
    ],
    ["broken XML", '<action value="E"/>', '<action value="E">', "is not well-formed XML"],
    ["no time", '<recorded value="2021-09-08T21:51:59.932Z"/>', "", "has no time: recorded is missing"],
  ];
  for (const [what, from, to, message] of replaced) {
    it(`names a record with ${what}`, async () => {
      await writeFile(file(), (await readFile(XML, "utf8")).replace(from, to));
      const { failures } = await run(file());
      expect(failures).to.deep.equal([{ place: "record 1 (line 2)", message }]);
    });
  }

  it("refuses a document type, and a file without AuditEvents", async () => {
    await writeFile(file(), `<!DOCTYPE a [<!ENTITY x "y">]>${await readFile(XML, "utf8")}`);
    expect(await run(file()).catch((thrown: unknown) => thrown)).to.include({ code: "bad-import" });
    await writeFile(file(), "<Patient xmlns='http://hl7.org/fhir'/>");
    expect(await run(file()).catch((thrown: unknown) => thrown)).to.include({ code: "bad-import" });
  });
});
