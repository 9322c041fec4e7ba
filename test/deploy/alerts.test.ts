import { readFileSync } from "node:fs";
import path from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { expect } from "chai";
import { parse } from "yaml";
import { readRecorderSettings } from "../../recorder/settings.ts";
import { type RunningRecorder, startRecorder } from "../../recorder/start.ts";
import type { App } from "../../server/app.ts";
import { recorderKeyFile } from "../../scripts/start/agencies.ts";
import { ACCESS, type Deployed, deployed, fetchUntil, POLICE, startLedger } from "../system/fixture.ts";
import { requireTool, tool } from "./tools.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PROMETHEUS = path.join(ROOT, "deploy/prometheus");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook: string };
}

const { groups } = parse(readFileSync(path.join(PROMETHEUS, "alerts.yaml"), "utf8")) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const RULES = groups.flatMap(({ rules }) => rules);

/** The expressions of the dashboard's panels. */
function panelExpressions(): readonly string[] {
  const dashboard = JSON.parse(readFileSync(path.join(ROOT, "deploy/grafana/minhbach.json"), "utf8")) as {
    readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
  };
  return dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

/** The names of the series in an expression, and whether all of it could be read. */
function read(expression: string): { readonly isWhole: boolean; readonly names: readonly string[] } {
  const names: string[] = [];
  let isWhole = true;
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) isWhole = false;
      // An identifier below a selector is the name of a series.
      if (type.name === "VectorSelector")
        names.push(/^[a-zA-Z_:][\w:]*/.exec(expression.slice(from, to))?.[0] ?? "");
    },
  });
  return { isWhole, names };
}

describe("alerts and dashboard", function () {
  this.timeout(600_000);

  describe("against the metrics of a running system", () => {
    let system: Deployed;
    let ledger: App;
    let recorder: RunningRecorder;
    let metrics: string;

    before(async () => {
      system = await deployed();
      ledger = await startLedger(system);
      recorder = await startRecorder(
        readRecorderSettings({
          ...{ DATA_DIR: system.dataDir, TRUST_PROFILE: system.profileFile, LEDGER_URL: ledger.url },
          ...{
            RECORDER_SOURCE: POLICE,
            RECORDER_KEY: recorderKeyFile(path.join(system.dataDir, "keys"), POLICE),
          },
          ...{ RECORDER_PORT: "0", LOG_LEVEL: "silent" },
        }),
      );
      const sent = await fetch(`${recorder.url}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(ACCESS),
      });
      expect(sent.status).to.equal(202);
      await fetchUntil(`${ledger.url}/v1/events/0/evidence`);
      metrics = await metricsOf(ledger.url, recorder.url);
    });
    after(async () => {
      await recorder.close();
      await ledger.close();
      await system.destroy();
    });

    it("name no series that nobody gives", () => {
      // Prometheus's own word on whether it could read a target.
      const given = new Set(["up", ...[...metrics.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(([, name]) => name)]);
      const asked = [...RULES.map(({ expr }) => expr), ...panelExpressions()].flatMap(
        (each) => read(each).names,
      );
      expect(asked).to.include.members(["minhbach_anchor_lag_seconds", "minhbach_recorder_backlog_events"]);
      expect(asked.filter((name) => !given.has(name))).to.deep.equal([]);
    });

    it("name no queue that there is not", () => {
      const queues = new Set(
        [...metrics.matchAll(/minhbach_queue_waiting\{queue="([^"]+)"\}/g)].map(([, name]) => name),
      );
      const asked = RULES.flatMap(({ expr }) =>
        [...expr.matchAll(/queue="([^"]+)"/g)].map(([, name]) => name),
      );
      expect(asked).to.deep.equal(["silent-sources"]);
      expect(asked.filter((name) => !queues.has(name))).to.deep.equal([]);
    });
  });

  it("are PromQL", () => {
    const wrong = [...RULES.map(({ expr }) => expr), ...panelExpressions()].filter(
      (each) => !read(each).isWhole,
    );
    expect(wrong).to.deep.equal([]);
    expect(read("max(minhbach_ready) >").isWhole, "a check that cannot fail").to.equal(false);
  });

  it("have each a section of the run-book, and there is none without its alert", () => {
    const book = readFileSync(path.join(ROOT, "docs/OPERATIONS.md"), "utf8").split("\n## Alerts\n")[1] ?? "";
    const sections = [...book.matchAll(/^### (\S+)$/gm)].map(([, name]) => name);
    expect(sections).to.have.members(RULES.map(({ alert }) => alert));
    for (const { alert, annotations, labels } of RULES) {
      expect(annotations.runbook).to.equal(`docs/OPERATIONS.md#${alert.toLowerCase()}`);
      expect(labels.severity).to.be.oneOf(["page", "ticket"]);
    }
  });

  it("fire when they should, and not before", async function () {
    await requireTool(this, "promtool", ["--version"]);
    const { code, said } = await tool("promtool", ["test", "rules", "alerts.test.yaml"], PROMETHEUS);
    expect(code, said).to.equal(0);
    const tested = parse(readFileSync(path.join(PROMETHEUS, "alerts.test.yaml"), "utf8")) as {
      readonly tests: readonly { readonly name: string }[];
    };
    expect(tested.tests.map(({ name }) => name)).to.have.members(RULES.map(({ alert }) => alert));
  });

  it("are in files that Prometheus takes", async function () {
    await requireTool(this, "promtool", ["--version"]);
    const rules = await tool("promtool", ["check", "rules", "alerts.yaml"], PROMETHEUS);
    expect(rules.code, rules.said).to.equal(0);
    // Without the token's file, which is the operator's.
    const config = await tool(
      "promtool",
      ["check", "config", "--syntax-only", "prometheus.yaml"],
      PROMETHEUS,
    );
    expect(config.code, config.said).to.equal(0);
  });
});

/** What both processes give, once the queues were counted. */
async function metricsOf(ledgerUrl: string, recorderUrl: string): Promise<string> {
  for (;;) {
    const texts = [ledgerUrl, recorderUrl].map(async (url) => await (await fetch(`${url}/metrics`)).text());
    const metrics = (await Promise.all(texts)).join("\n");
    if (metrics.includes("minhbach_queue_waiting{")) return metrics;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
