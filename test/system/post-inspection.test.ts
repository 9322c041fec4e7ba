import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { InspectionError } from "../../proactive/oversight/ledger-calls.ts";
import { type Inspectorate, inspectorate } from "../../proactive/oversight/inspectorate.ts";
import type { RuleInputs } from "../../proactive/rules/rule.ts";
import { RULES, ruleId } from "../../proactive/rules/rules.ts";
import type { PlainEvent } from "../../protocol/facet-values.ts";
import { GRANTED } from "../../protocol/grant.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { proportion } from "../../protocol/proportion.ts";
import type { Recorder } from "../../recorder/index.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import type { Rpc } from "../../verifier/chain.ts";
import { call } from "./api.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger, tokenOf } from "./fixture.ts";
import { about, claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const TIME = { occurred: "2026-11-22T08:00:00+07:00" };
const RULE = RULES.find(({ procedure }) => procedure === "DRIVER_LIC") ?? expect.fail("no such rule");
/** From which the renewal is offered. */
const INPUTS = { expires: "2027-01-03", healthFit: true, numberClosed: false, "access.1": "" } as const;

describe("inspecting afterwards what was granted", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let police: Recorder;
  let health: Recorder;
  let inspector: Headers;
  let node: Rpc;
  let inspecting: Inspectorate;
  /** Log index of the grant of each case. */
  const grants = new Map<string, number>();

  before(async () => {
    system = await deployed();
    ledger = await startLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
    police = await openDemoRecorder(system, ledger.url);
    health = await openDemoRecorder(system, ledger.url, { source: "qn-health/r1" });
    inspector = await tokenOf(system, "inspector");
    node = jsonRpc(system.chain.url, { fetch, name: "node" });
    inspecting = inspectorateOf(node);
    for (let number = 1; number <= 6; number++) await granted(`DRIVER_LIC-${number}`);
    // The agency says "offer" where the rule, run again, has nothing to offer; and refers to a reading that nobody recorded.
    await granted("DRIVER_LIC-7", { healthFit: false });
    await granted("DRIVER_LIC-8", { "access.2": "never-sent" });
  });
  after(async () => {
    await police.close();
    await health.close();
    await ledger.close();
    await system.destroy();
  });

  function inspectorateOf(rpc: Rpc, client: typeof fetch = fetch): Inspectorate {
    const token = String(inspector["authorization"]).slice("Bearer ".length);
    return inspectorate({
      ...{ url: ledger.url, token: () => Promise.resolve(token), trust: system.profile },
      ...{ desk: `${OPERATOR}/desk`, rpc, client },
    });
  }

  /** What an agency records of a case: a reading, with the other half, the conclusion, and in the end that it granted. */
  async function granted(name: string, changed: RuleInputs = {}): Promise<void> {
    const common = { subject: PERSON, case: name, purpose: { procedure: RULE.procedure }, time: TIME };
    const exchange = { messageId: `${name}/1`, client: "qn-police/r1", service: "qn-health/register" };
    const reading: PlainEvent = {
      ...{ type: "access", ...common, exchange, outcome: { code: "success" } },
      data: { action: "R", personalData: ["pd:HealthRecord"] },
    };
    const inputs = { ...INPUTS, "access.1": exchange.messageId, ...changed };
    await record(health, reading);
    await record(police, reading);
    await record(police, {
      ...{ type: "action", ...common, rule: { id: ruleId(RULE), version: RULE.version, inputs } },
      outcome: { code: "success", detail: "offer: renewal-prepared" },
    });
    const { seq } = await police.record({
      ...{ type: "action", ...common, outcome: { code: "success", detail: GRANTED } },
    });
    await police.flush(AbortSignal.timeout(100_000));
    const receipt = (await police.receiptOf(seq)) ?? expect.fail("no receipt");
    grants.set(name, receipt.index + seq - receipt.first);
  }

  async function record(recorder: Recorder, event: PlainEvent): Promise<void> {
    await recorder.record(event);
    await recorder.flush(AbortSignal.timeout(100_000));
  }

  /** Once it can be drawn. */
  async function drawn(by: Inspectorate, sample: number): ReturnType<Inspectorate["draw"]> {
    await fetchUntil(`${ledger.url}/v1/events/${sample}/evidence`);
    return await by.draw(sample);
  }

  async function sizeOfLog(): Promise<number> {
    return Number((await call(`${ledger.url}/v1/statistics`, {})).json["size"]);
  }

  it("draws grants at random, runs their rules again, records what it found, and tells the rates", async () => {
    const asked = await inspecting.ask({ to: Math.max(...grants.values()) + 1 });
    const sample = await drawn(inspecting, asked);
    expect(sample.granted).to.have.members([...grants.values()]);
    const examined = [];
    for (const index of sample.granted) examined.push(await inspecting.examine(index));
    const found = new Map(examined.map(({ index, faults }) => [index, faults]));
    for (const [name, index] of grants) {
      const faults: Readonly<Record<string, readonly string[]>> = {
        "DRIVER_LIC-7": ["not-offered", "another-conclusion"],
        "DRIVER_LIC-8": ["reading-missing"],
      };
      expect(found.get(index), name).to.deep.equal(faults[name] ?? []);
    }
    // The first one is passed over at first.
    const [first, ...rest] = examined;
    for (const each of rest) await inspecting.record(asked, each);
    expect((await inspecting.rates(asked)).drawn).to.deep.equal({ granted: 8, passedOver: [first?.index] });
    await inspecting.record(asked, first ?? expect.fail("nothing was drawn"));

    const rates = await inspecting.rates();
    expect(rates.agencies).to.deep.equal([
      {
        ...{ agency: "qn-police", inspected: 8, notInOrder: 2, share: proportion(2, 8) },
        procedures: [{ procedure: "DRIVER_LIC", inspected: 8, notInOrder: 2, share: proportion(2, 8) }],
      },
    ]);
    expect((await inspecting.rates(asked)).drawn).to.deep.equal({ granted: 8, passedOver: [] });
    const month = (await call(`${ledger.url}/v1/statistics`, {})).json;
    expect(month["inspections"]).to.deep.equal([{ agency: "qn-police", inspected: 5, notInOrder: "<5" }]);
    const officer = await tokenOf(system, "officer", "qn-health");
    expect((await call(`${ledger.url}/v1/inspection/rates`, officer)).json).to.deep.equal({ agencies: [] });
  });

  it("records the same result once, and another one beside it, which counts from then on", async () => {
    const index = grants.get("DRIVER_LIC-1") ?? 0;
    const asked = await inspecting.ask({ to: Math.max(...grants.values()) + 1 });
    await drawn(inspecting, asked);
    const examination = await inspecting.examine(index);
    const [once, again] = [
      await inspecting.record(asked, examination),
      await inspecting.record(asked, examination),
    ];
    expect(again).to.equal(once);
    const other = await inspecting.record(
      asked,
      { ...examination, outcome: "not-in-order" },
      "Sai thẩm quyền.",
    );
    expect(other).to.be.above(once);
    // The event was looked at in the other sample too: it counts once.
    expect((await inspecting.rates()).agencies[0]).to.deep.include({ inspected: 8, notInOrder: 3 });
    expect((await inspecting.rates(asked)).agencies[0]).to.deep.include({ inspected: 1, notInOrder: 1 });
  });

  it("records one result that comes several times at once", async () => {
    const asked = await inspecting.ask({ to: Math.max(...grants.values()) + 1 });
    await drawn(inspecting, asked);
    const examination = await inspecting.examine(grants.get("DRIVER_LIC-2") ?? 0);
    const wrong = { ...examination, outcome: "not-in-order" } as const;
    const ends = await Promise.allSettled(
      Array.from({ length: 4 }, async () => await inspecting.record(asked, wrong)),
    );
    const recorded = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
    expect(new Set(recorded).size).to.equal(1);
    for (const end of ends) {
      if (end.status === "fulfilled") continue;
      expect(end.reason).to.be.instanceOf(InspectionError).and.to.include({ reason: "result-exists" });
    }
    // Whoever was too late reads it, and may say another then.
    await inspecting.record(asked, examination);
    expect((await inspecting.rates(asked)).agencies[0]).to.deep.include({ inspected: 1, notInOrder: 0 });
  });

  it("takes results about drawn grants alone", async () => {
    const [index = 0] = grants.values();
    const asked = await inspecting.ask({ from: index, to: index + 1 });
    expect((await drawn(inspecting, asked)).granted).to.deep.equal([index]);
    const other = await inspecting.examine(grants.get("DRIVER_LIC-2") ?? 0);
    await refused(inspecting.record(asked, other), "not-in-sample");
    const none = await inspecting.ask({ from: index - 1, to: index });
    expect((await drawn(inspecting, none)).granted).to.deep.equal([]);
    await refused(inspecting.record(none, { ...other, index: index - 1 }), "not-in-sample");
    await refused(inspecting.record(index, other), "unknown-sample");
  });

  it("the person reads in their statement that it was inspected, and by whom", async () => {
    const citizen = await tokenNamed(system, "citizen 1");
    const url = `${ledger.url}${about(`vn-cccd:${PERSON.id}`)}`;
    const claim = await claimOf(system, await fetchStatement(url, citizen, await sizeOfLog()));
    const inspections = claim.lists
      .flatMap(({ events }) => events)
      .map(({ facets }) => facets)
      .filter(({ type }) => type === "inspection");
    const results = inspections.flatMap(({ inspection }) =>
      isJsonObject(inspection) && isJsonObject(inspection["result"]) ? [inspection["result"]] : [],
    );
    expect(results.map(({ outcome }) => outcome)).to.include.members(["in-order", "not-in-order"]);
    expect(inspections[0]?.purpose).to.deep.equal({ procedure: "DRIVER_LIC" });
  });

  it("finds by opening others that a grant was left out", async () => {
    const asked = await inspecting.ask({ to: Math.max(...grants.values()) + 1 });
    const whole = await drawn(inspecting, asked);
    await inspecting.checkOthers(whole, whole.indexes.length);
    const hiding = inspectorateOf(
      node,
      changing((answer) => answer.replace(/"matching":\[\d+,/, '"matching":[')),
    );
    const lacking = await hiding.draw(asked);
    expect(lacking.granted).to.have.length(whole.granted.length - 1);
    await notProven(inspecting.checkOthers(lacking, lacking.indexes.length));
    // What was not asked for is not left out.
    const none = await inspecting.draw(asked, { procedure: "MED_PRAC" });
    expect(none.granted).to.deep.equal([]);
    await inspecting.checkOthers(none, 5);
    await notProven(inspecting.checkOthers({ ...none, of: {} }, none.indexes.length));
  });

  it("is a command: draws, looks at so many, records, and ends with 1 where something is not in order", async () => {
    const token = String(inspector["authorization"]).slice("Bearer ".length);
    const words = ["--trust", system.profileFile, "--desk", `${OPERATOR}/desk`, "--ledger", ledger.url];
    const { code, out } = await inspectCommand(token, [
      ...words,
      "--agency",
      "qn-police",
      "--check",
      "2",
      "--record",
    ]);
    const [first = "", ...lines] = out.trimEnd().split("\n");
    expect(first).to.match(
      /^Sample [0-9]+: [0-9]+ of the events 0 to [0-9]+, drawn with block [0-9]+; 8 grants\.$/,
    );
    expect(lines).to.include(`${grants.get("DRIVER_LIC-1") ?? ""} DRIVER_LIC: in order`);
    expect(lines).to.include(
      `${grants.get("DRIVER_LIC-8") ?? ""} DRIVER_LIC: a reading that the inputs refer to is not recorded`,
    );
    expect(lines.at(-1)).to.equal("qn-police: 2 of 8 not in order: 25.0 % (95 %: 7.1 % to 59.1 %)");
    expect(code).to.equal(1);
    const sample = /^Sample ([0-9]+)/.exec(first)?.[1] ?? "";
    const again = await inspectCommand(token, [...words, "--sample", sample, "--limit", "1"]);
    expect(again.out.split("\n").slice(0, 2)).to.deep.equal([first, lines[0]]);
    expect((await inspectCommand("wrong", [...words, "--sample", sample])).code).to.equal(3);
    expect((await inspectCommand(token, ["--limit", "1"])).code).to.equal(2);
  });

  it("refuses a sample that was not drawn by the chain's block, whoever lies", async () => {
    const asked = await inspecting.ask({ to: Math.max(...grants.values()) + 1, count: 4 });
    await drawn(inspecting, asked);
    const lying = inspectorateOf(
      node,
      changing((answer) => answer.replace(/"indexes":\[(\d+),(\d+)/, '"indexes":[$2,$1')),
    );
    await notProven(lying.draw(asked));
    const adding = inspectorateOf(
      node,
      changing((answer) => answer.replace(/"matching":\[[0-9,]*/, '"matching":[99999')),
    );
    await notProven(adding.draw(asked));
    const otherBlock: Rpc = async (method, params) => {
      const answer = await node(method, params);
      const isHeader = method === "eth_getBlockByNumber" && params[0] !== "0x0" && isJsonObject(answer);
      return isHeader ? { ...answer, hash: `0x${"11".repeat(32)}` } : answer;
    };
    await notProven(inspectorateOf(otherBlock).draw(asked));
    // Evidence of another sample.
    const [earlier] = [await inspecting.ask({ to: 4, count: 4 })];
    await drawn(inspecting, earlier);
    const another = inspectorateOf(node, async (input, init) => {
      const url = (input instanceof URL ? input.href : "").replace(
        `/samples/${asked}?`,
        `/samples/${earlier}?`,
      );
      return await fetch(url, init);
    });
    await notProven(another.draw(asked));
  });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** The inspector's command as a process. */
async function inspectCommand(token: string, words: readonly string[]): Promise<Ended> {
  const program = ["--disable-warning=ExperimentalWarning", "proactive/oversight/main.ts", ...words];
  const child = spawn(process.execPath, program, {
    cwd: path.resolve(import.meta.dirname, "../.."),
    env: { PATH: process.env["PATH"], INSPECTOR_TOKEN: token },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const out = await text(child.stdout);
  return { code: child.exitCode ?? (await once(child, "exit").then(([code]) => code as number | null)), out };
}

/** A ledger that changes its answers. */
function changing(change: (answer: string) => string): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    return new Response(change(await response.text()), { status: response.status });
  };
}

async function refused(promise: Promise<unknown>, reason: string): Promise<void> {
  const error = await promise.then(
    () => expect.fail("it was not refused"),
    (cause: unknown) => cause,
  );
  expect(error).to.be.instanceOf(InspectionError);
  expect((error as InspectionError).reason).to.equal(reason);
}

async function notProven(promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => expect.fail("it was believed"),
    (cause: unknown) => cause,
  );
  expect(error).to.be.instanceOf(InspectionError);
  expect((error as InspectionError).code).to.equal("not-proven");
}
