import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { type PreparedRequest, quantile, runLoad } from "./http-load.ts";

/** Who asks, and is a member of the catalogue that may receive with consent. */
export const DECISION_AGENCY = "qn-water";

export interface DecisionCost {
  readonly inProcess: { readonly p50Milliseconds: number; readonly p95Milliseconds: number };
  readonly overHttp: {
    readonly p50Milliseconds: number;
    readonly p95Milliseconds: number;
    readonly perSecond: number;
  };
  /** Share of the questions that were permitted. */
  readonly permitted: number;
  /** The register's reading of all consents, from nothing. */
  readonly readSeconds: number;
}

interface Started {
  readonly p50Milliseconds: number;
  readonly p95Milliseconds: number;
  readonly permitted: number;
  readonly readSeconds: number;
  readonly port: number;
}

const CONNECTIONS = 4;

/** Number of a person of this measurement, from 0. */
export function decisionPerson(number: number): string {
  return String(59_000_000_000 + number).padStart(12, "0");
}

/** decision-cost.ts in a process of its own, asked in process and over HTTP. */
export async function measureDecisions({
  persons,
  consents,
  requests,
}: {
  readonly persons: number;
  readonly consents: number;
  readonly requests: number;
}): Promise<DecisionCost> {
  const file = path.join(import.meta.dirname, "decision-cost.ts");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", file, String(persons), String(consents)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  try {
    const { port, p50Milliseconds, p95Milliseconds, ...others } = await startedOf(child.stdout, exited);
    let left = requests;
    const load = await runLoad({ host: "127.0.0.1", port }, CONNECTIONS, () =>
      left-- > 0 ? questionAbout(left % 2 === 0 ? randomInt(consents) : randomInt(persons)) : undefined,
    );
    if (load.failures > 0) throw new Error(`a decision was refused: ${load.firstFailure ?? ""}`);
    return {
      ...others,
      inProcess: { p50Milliseconds, p95Milliseconds },
      overHttp: {
        p50Milliseconds: quantile(load.latencies, 0.5),
        p95Milliseconds: quantile(load.latencies, 0.95),
        perSecond: load.requests / load.seconds,
      },
    };
  } finally {
    child.stdin.end();
    await exited;
  }
}

async function startedOf(output: NodeJS.ReadableStream, exited: Promise<unknown>): Promise<Started> {
  const lines = createInterface(output);
  const line = new Promise<string>((resolve) => lines.once("line", resolve));
  const ended = exited.then(() => {
    throw new Error("measuring decisions failed");
  });
  return JSON.parse(await Promise.race([line, ended])) as Started;
}

function questionAbout(number: number): PreparedRequest {
  const question = {
    subject: { type: "agency", id: DECISION_AGENCY },
    action: { name: "read" },
    resource: {
      ...{ type: "person", id: `vn-cccd:${decisionPerson(number)}` },
      properties: { personalData: ["pd:Name", "pd:PhysicalAddress"] },
    },
    context: { procedure: "BUILD_PERMIT" },
  };
  return { method: "POST", path: "/access/v1/evaluation", body: Buffer.from(JSON.stringify(question)) };
}
