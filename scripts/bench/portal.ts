import { randomBytes } from "node:crypto";
import { makeEvent } from "../../protocol/event.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import { launchChromium } from "../portal/chromium.ts";
import { firstLoads, type FirstLoad } from "../portal/first-loads.ts";
import { ensurePortal } from "../portal/fresh.ts";
import { timesOfRefresh } from "./refreshes.ts";
import { type BenchSystem, prepareSystem } from "./system.ts";
import { type BenchSource, benchSources } from "./workload.ts";

export interface PortalCost {
  readonly events: number;
  /** From the press of the button until verdict and first lines are drawn, of each run, in order of length. */
  readonly milliseconds: readonly number[];
  readonly firstLoads: readonly FirstLoad[];
}

const EVENTS = 1_000;
const RUNS = 9;
/** The demo person whose statement it is. */
const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const POLL_MS = 200;

/** A statement of 1,000 events, fetched, verified and drawn in a real Chromium on a phone's window, by a ledger of its own. */
export async function measurePortal(): Promise<PortalCost> {
  await ensurePortal(() => undefined);
  const sources = benchSources("portal", 1);
  const system = await prepareSystem(sources);
  try {
    await system.startServer();
    const url = `http://127.0.0.1:${system.port}`;
    const [source] = sources;
    if (source === undefined) throw new RangeError("no source");
    await untilAnswered(`${url}/v1/events/${await recordAccesses(system, source)}/evidence`);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 360, height: 740 }, locale: "vi-VN" });
      await page.goto(`${url}/portal/my-data`);
      await page.getByRole("main").getByRole("link", { name: "Đăng nhập", exact: true }).click();
      await page.locator('button[value="citizen-1"]').click();
      await page.locator(".timeline li").first().waitFor({ timeout: 120_000 });
      await page.getByText("Đã kiểm tra: không thiếu, không sửa").waitFor({ timeout: 120_000 });
      const milliseconds = await timesOfRefresh(page, RUNS);
      return { events: EVENTS, milliseconds, firstLoads: firstLoads().pages };
    } finally {
      await browser.close();
    }
  } finally {
    await system.close();
  }
}

/** Records accesses to the person's data by three agencies, over most of a year; the index of the last. */
async function recordAccesses(system: BenchSystem, { source, kid, sign }: BenchSource): Promise<number> {
  const events = Array.from({ length: EVENTS }, (_, at) =>
    makeEvent({
      ...{ source, seq: at + 1, random: (bytes) => new Uint8Array(randomBytes(bytes)) },
      facets: {
        ...{ type: "access", subject: PERSON },
        exchange: {
          ...{ messageId: `m-${at}`, client: "VN/GOV/qn-police/registry" },
          service: `VN/GOV/${["qn-justice", "qn-health", "qn-education"][at % 3] ?? ""}/register`,
        },
        ...{ "agent.id": "officer-17", "agent.role": "registry officer" },
        data: { action: "R", personalData: ["name", "date of birth"] },
        purpose: { procedure: "1.004222", legalBasis: { law: "Luật Căn cước 2023", article: "10" } },
        time: { occurred: new Date(Date.UTC(2026, at % 10, 1 + (at % 27), 3)).toISOString() },
      },
    }),
  );
  const body = makeSubmission({
    ...{ log: system.log, source, first: 1, events, issuedAt: Math.floor(Date.now() / 1000) },
    ...{ alg: "EdDSA", kid, sign },
  });
  const response = await fetch(`http://127.0.0.1:${system.port}/v1/submissions`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  const { receipts } = (await response.json()) as { receipts?: string[] };
  const { index, count } = parseReceipt(receipts?.[0] ?? "").receipt;
  return index + count - 1;
}

async function untilAnswered(url: string): Promise<void> {
  while (!(await fetch(url)).ok) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
