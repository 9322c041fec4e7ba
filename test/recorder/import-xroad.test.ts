import { appendFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { isJsonObject } from "../../protocol/json.ts";
import {
  describeImport,
  importExitCode,
  importFile,
  recorderSink,
  serviceSink,
} from "../../recorder/import-command.ts";
import type { Recorder } from "../../recorder/index.ts";
import { createRecorderService } from "../../recorder/service.ts";
import { flushed, premises, SOURCE, type Premises } from "./fixture.ts";

const SAMPLE = path.resolve(import.meta.dirname, "samples/xroad-opmon-record.json");
const MESSAGE = "1TzYPstxXyYPtNsos4TNEAPykJh50aJz";
const EXCHANGE = {
  messageId: MESSAGE,
  client: "EE/GOV/00000001/subsystem1",
  service: "EE/GOV/00000000/subsystem1/xroadGetRandom/v1",
  side: "client",
  issue: "453465",
  representedParty: "COM/MEMBER123",
};

describe("import of X-Road operational monitoring records", () => {
  let here: Premises;
  let recorder: Recorder;
  let record: { readonly [field: string]: unknown };
  before(async () => {
    const sample: unknown = JSON.parse(await readFile(SAMPLE, "utf8"));
    const records: unknown = isJsonObject(sample) ? sample["records"] : undefined;
    const first: unknown = Array.isArray(records) ? records[0] : undefined;
    if (!isJsonObject(first)) throw new Error("the sample has no record");
    record = first;
  });
  beforeEach(async () => {
    here = await premises();
    recorder = await here.open();
  });
  afterEach(() => here.close());

  const file = () => path.join(here.directory, "records.json");
  const mappingFile = () => path.join(here.directory, "mapping.json");
  const run = async (options: { file?: string; mapping?: object } = {}) => {
    if (options.mapping !== undefined) await writeFile(mappingFile(), JSON.stringify(options.mapping));
    return importFile({
      kind: "xroad",
      file: options.file ?? file(),
      sink: recorderSink(recorder),
      ...(options.mapping === undefined ? {} : { mapping: mappingFile() }),
    });
  };
  const events = async () => {
    await flushed(recorder);
    return here.ledger.eventsOf(SOURCE);
  };
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ ...record, messageId: `m-${at}`, messageIssue: '{"]}\\' }));

  it("makes an event that carries only the exchange, where no mapping tells whose data passed", async () => {
    const summary = await run({ file: SAMPLE });
    expect(summary).to.include({ read: 1, recorded: 1, known: 0, withoutSubject: 1, failed: 0 });
    expect(await events()).to.deep.equal([
      {
        type: "access",
        exchange: EXCHANGE,
        "agent.id": "EE37701010101",
        outcome: { code: "success" },
        time: { occurred: "2016-10-28T05:50:44.973Z", recorded: "2016-10-28T05:50:45.000Z" },
        handling: { origin: "xroad-opmon" },
      },
    ]);
    expect(describeImport(summary)).to.contain("reconciliation");
  });

  it("takes subject, categories, purpose and role from the mapping, the message before the service", async () => {
    const subject = { scheme: "vn-cccd", id: "079200000001", role: "self" };
    const mapping = {
      version: 1,
      services: [
        {
          service: "EE/GOV/*/subsystem1/xroadGetRandom/v1",
          data: { action: "R", personalData: ["identity"] },
          purpose: { procedure: "BIRTH_REG" },
          agentRole: "registrar",
        },
      ],
      messages: {
        [MESSAGE]: { subjects: [subject], data: { action: "R", personalData: ["residence"] }, case: "HS-7" },
      },
    };
    expect(await run({ file: SAMPLE, mapping })).to.include({ recorded: 1, withoutSubject: 0 });
    const [event] = await events();
    expect(event).to.deep.include({
      subject,
      data: { action: "R", personalData: ["residence"] },
      purpose: { procedure: "BIRTH_REG" },
      case: "HS-7",
      "agent.role": "registrar",
    });
  });

  it("leaves out the services the mapping says to", async () => {
    const mapping = { version: 1, services: [{ service: EXCHANGE.service, ignore: true }] };
    expect(await run({ file: SAMPLE, mapping })).to.include({ read: 1, ignored: 1, recorded: 0 });
  });

  it("tells both sides of one exchange apart, refusals from failures, and takes over no text and no path", async () => {
    const refused = {
      ...record,
      securityServerType: "Producer",
      succeeded: false,
      faultCode: "Server.ServerProxy.AccessDenied",
      faultString: "079200000001 may not",
      restPath: "/persons/079200000001",
    };
    await writeFile(file(), JSON.stringify({ records: [record, refused, { ...refused, requestInTs: 1 }] }));
    expect(await run()).to.include({ recorded: 3 });
    const [, second] = await events();
    expect(second?.outcome).to.deep.equal({ code: "refused", detail: "Server.ServerProxy.AccessDenied" });
    expect(second?.exchange).to.deep.equal({ ...EXCHANGE, side: "provider" });
    expect(JSON.stringify(second)).not.to.contain("079200000001");
  });

  it("imports nothing twice: not in one file, not from another, not after an interruption", async () => {
    await writeFile(file(), JSON.stringify({ records: [...many(700), ...many(10)] }));
    const interrupt = new AbortController();
    const sink = recorderSink(recorder);
    let recorded = 0;
    await importFile({
      kind: "xroad",
      file: file(),
      signal: interrupt.signal,
      sink: (event, key) => {
        if (++recorded === 300) interrupt.abort();
        return sink(event, key);
      },
    });
    expect(await run()).to.include({ read: 710, failed: 0 });
    await writeFile(
      file(),
      many(700)
        .map((line) => JSON.stringify(line))
        .join("\n"),
    );
    expect(await run()).to.include({ read: 700, recorded: 0, known: 700 });
    expect(await events()).to.have.length(700);
  });

  const forms: [form: string, write: (records: object[]) => string | Uint8Array][] = [
    ["the payload as it is sent, gzip", (records) => gzipSync(JSON.stringify({ records }))],
    ["an array", (records) => JSON.stringify(records, undefined, 2)],
    ["one record a line", (records) => records.map((line) => JSON.stringify(line)).join("\n")],
  ];
  for (const [form, write] of forms) {
    it(`reads ${form}`, async () => {
      await writeFile(file(), write(many(3)));
      expect(await run()).to.include({ read: 3, recorded: 3 });
    });
  }

  it("names each bad record by number and line, keeps its content to itself, and imports the rest", async () => {
    const lines = [
      JSON.stringify(record),
      JSON.stringify({ ...record, messageId: "b", securityServerType: "079200000001" }),
      "",
      '{"messageId": 079200000001}',
      JSON.stringify({ ...record, messageId: "c", messageUserId: "x".repeat(200) }),
      JSON.stringify({ ...record, messageId: "d" }),
    ];
    await writeFile(file(), lines.join("\n"));
    const summary = await run();
    expect(summary).to.include({ read: 5, recorded: 2, failed: 3 });
    expect(importExitCode(summary)).to.equal(1);
    const told = describeImport(summary);
    expect(summary.failures.map(({ place }) => place)).to.have.members([
      "record 2 (line 2)",
      "record 3 (line 4)",
      "record 4 (line 5)",
    ]);
    expect(told).to.contain("securityServerType").and.to.contain("agent.id");
    expect(told).not.to.contain("079200000001");
  });

  it("waits while the spool is full", async () => {
    await recorder.close();
    here.ledger.faultOf = () => "unavailable";
    recorder = await here.open({ limits: { events: 5 } });
    await writeFile(file(), JSON.stringify({ records: many(12) }));
    const importing = run();
    setTimeout(() => {
      here.ledger.faultOf = () => undefined;
    }, 50);
    expect(await importing).to.include({ recorded: 12, failed: 0 });
  });

  it("works through a recorder that runs as a service", async () => {
    const log = () => undefined;
    const service = await createRecorderService({
      recorder,
      logger: { info: log, warn: log, error: log },
      port: 0,
    });
    const options = { kind: "xroad", file: SAMPLE, sink: serviceSink(service.url) } as const;
    expect(await importFile(options)).to.include({ recorded: 1, known: 0 });
    expect(await importFile(options)).to.include({ recorded: 0, known: 1 });
    await service.close();
    const error = await importFile(options).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "closed" });
  });

  it("refuses a file that holds no records, is cut off, or is missing", async () => {
    const cases = ["<xml/>", '{"records": [{"messageId": "a"', gzipSync("x".repeat(1000)).subarray(0, 15)];
    for (const text of cases) {
      await writeFile(file(), text);
      expect(await run().catch((thrown: unknown) => thrown)).to.include({ code: "bad-import" });
    }
    const missing = await run({ file: "/nowhere.json" }).catch((thrown: unknown) => thrown);
    expect(missing).to.include({ code: "bad-import" });
  });

  it("refuses a mapping that does not follow its schema, without repeating what is in it", async () => {
    const cases = [
      {},
      { version: 2 },
      { version: 1, people: {} },
      { version: 1, messages: { "m-079200000001": { subjects: [{ scheme: "vn-cccd", id: "7" }] } } },
      { version: 1, services: [{ service: "a/b", data: { action: "Q", personalData: [] } }] },
    ];
    for (const mapping of cases) {
      const error = await run({ file: SAMPLE, mapping }).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: "bad-mapping" });
      expect(String(error)).not.to.contain("079200000001");
    }
    await appendFile(mappingFile(), "{");
    const broken = importFile({
      kind: "xroad",
      file: SAMPLE,
      mapping: mappingFile(),
      sink: recorderSink(recorder),
    });
    expect(await broken.catch((thrown: unknown) => thrown)).to.include({ code: "bad-mapping" });
  });
});
