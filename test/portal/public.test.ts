import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Page, Request } from "playwright-core";
import { further } from "../../portal/words/vi/further.ts";
import { readConfig } from "../../server/config.ts";
import { ACCESS } from "../system/fixture.ts";
import { call } from "../system/api.ts";
import {
  expectAccessible,
  type Language,
  picture,
  type Portal,
  type Size,
  startPortal,
  type Visitor,
  visitor,
} from "./browser.ts";
import { judged, monthOf } from "./recorded.ts";

const KINDS = [
  ["phone", "vi"],
  ["desktop", "vi"],
  ["desktop", "en"],
] as const;
const AGREES = {
  vi: /Sổ công bố đúng như đã chốt|Sổ đã dài thêm từ lần chốt gần nhất/,
  en: /What is published is what was fixed|The record has grown since it was last fixed/,
};
const words = further.statistics;
const MONTH = /^(Tháng \(theo|Month)/;
const DOWNLOAD = { vi: "Lượt dùng (CSV)", en: "Uses (CSV)" };

describe("the public pages in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  let month: string;
  before(async () => {
    portal = await startPortal({
      portal: { ...readConfig({}).portal, contact: "mailto:help@province.example" },
    });
    await portal.record(
      Array.from({ length: 12 }, (_, at) => ({
        ...ACCESS,
        exchange: { ...ACCESS.exchange, messageId: `m-${at}` },
      })),
    );
    // Until the counts are made of what was recorded, and what is found in it.
    await judged(portal);
    month = await monthOf(portal, 1);
  });
  after(async () => await portal.close());

  async function opened(path: string, options: { size?: Size; language?: Language } = {}): Promise<Visitor> {
    const made = await visitor(portal, options);
    await made.page.goto(path);
    await made.page.getByRole("heading", { level: 1 }).waitFor();
    return made;
  }

  /** Chooses the month of what was recorded, and waits for its uses. */
  async function monthChosen(page: Page): Promise<void> {
    await page.getByRole("combobox", { name: MONTH }).selectOption(month);
    await page.getByRole("table").first().getByText("10", { exact: true }).first().waitFor();
  }

  for (const [size, language] of KINDS) {
    it(`anybody sees how the log is, and that it is what was anchored: ${size}, ${language}`, async () => {
      const { page, context, wrongs } = await opened("/portal/log", { size, language });
      await page.getByText(AGREES[language]).waitFor();
      await page.getByText("qn-police/r1").waitFor();
      await expectAccessible(page);
      await picture(page, `log-${size}-${language}`);
      expect(wrongs).to.deep.equal([]);
      await context.close();
    });

    it(`anybody sees how often agencies used data, and takes the numbers along: ${size}, ${language}`, async () => {
      const { page, context, wrongs } = await opened("/portal/statistics", { size, language });
      await monthChosen(page);
      await expectAccessible(page);
      await picture(page, `statistics-${size}-${language}`);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: DOWNLOAD[language] }).click(),
      ]);
      expect(download.suggestedFilename()).to.match(/^minhbach-\d{4}-\d{2}-uses\.csv$/);
      const csv = await readFile(await download.path(), "utf8");
      expect(csv).to.match(/^month,type,agency,/);
      expect(csv).to.include(",access,qn-police,");
      expect(wrongs).to.deep.equal([]);
      await context.close();
    });
  }

  it("the numbers as JSON are the server's own answer", async () => {
    const { page, context } = await opened("/portal/statistics");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Tất cả (JSON)" }).click(),
    ]);
    const file: unknown = JSON.parse(await readFile(await download.path(), "utf8"));
    expect(file).to.have.keys("month", "size", "rows", "findings", "findingsComplete", "inspections");
    const { month: shown } = file as { month: string };
    expect(file).to.deep.equal((await call(`${portal.url}/v1/statistics?month=${shown}`, {})).json);
    await context.close();
  });

  it("each table as CSV holds the rows that the server publishes, and no other", async () => {
    const { page, context } = await opened("/portal/statistics", { size: "desktop" });
    await monthChosen(page);
    for (const [button, member, columns] of [
      ["uses", "rows", ["type", "agency", "procedure", "outcome", "recorded", "answered"]],
      ["findings", "findings", ["agency", "kind", "state", "count"]],
      ["inspections", "inspections", ["agency", "inspected", "notInOrder"]],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: words.csv[button], exact: true }).click(),
      ]);
      expect(download.suggestedFilename()).to.contain(month);
      const { json } = await call(`${portal.url}/v1/statistics?month=${month}`, {});
      const rows = json[member] as Readonly<Record<string, string | number>>[];
      const [head, ...lines] = (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
      expect(head?.split(","), button).to.have.length(columns.length + 1);
      expect(lines, button).to.deep.equal(
        rows.map((row) => [month, ...columns.map((column) => row[column] ?? "")].join(",")),
      );
      if (button !== "inspections") expect(lines, button).to.not.have.length(0);
    }
    await context.close();
  });

  it("the state of the record follows what is recorded, while the page is open", async () => {
    const { page, context, wrongs } = await visitor(portal, { size: "desktop" });
    const asked: Request[] = [];
    context.on("request", (request) => asked.push(request));
    await page.clock.install();
    await page.goto("/portal/log");
    const figures = page.locator(".figure-now");
    const block = figures.nth(3);
    await block.filter({ hasText: /^[\d.]+$/ }).waitFor();
    const first = { entries: await figures.nth(0).textContent(), block: await block.textContent() };
    await portal.record([{ ...ACCESS, exchange: { ...ACCESS.exchange, messageId: "m-later" } }]);
    const { json } = await call(`${portal.url}/health`, {});
    const { recorded } = json["events"] as { recorded: number };
    expect(first.entries).to.not.equal(String(recorded));
    await page.clock.runFor(11_000);
    await figures
      .nth(0)
      .filter({ hasText: new RegExp(`^${recorded}$`) })
      .waitFor();
    await block.filter({ hasNotText: new RegExp(`^${first.block ?? ""}$`) }).waitFor();

    await page.getByRole("button", { name: "Tạm dừng cập nhật" }).press("Enter");
    await page.getByText("Đã tạm dừng").waitFor();
    const before = asked.length;
    const isOfChain = (request: Request): boolean => request.url().endsWith("/rpc");
    // One second at a time, and only once the chain has answered: a question under way would time out by the page's clock and be asked again.
    for (let seconds = 0; seconds < 31; seconds++) {
      for (const request of asked.filter(isOfChain)) await request.response();
      await page.clock.runFor(1_000);
    }
    // A reading of the chain that was under way goes on with its questions; one that begins asks for the trust profile first.
    const begun = asked.slice(before).filter((request) => !isOfChain(request));
    expect(
      begun.map((request) => request.url()),
      "while it is paused",
    ).to.deep.equal([]);
    const again = page.waitForRequest("**/health");
    await page.getByRole("button", { name: "Cập nhật tiếp" }).press("Enter");
    await page.clock.runFor(11_000);
    await again;
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("says at the foot of every page where there is help", async () => {
    for (const path of ["/portal/", "/portal/log", "/portal/statistics"]) {
      const { page, context } = await opened(path);
      const help = page.getByRole("contentinfo").getByRole("link", { name: "help@province.example" });
      expect(await help.getAttribute("href")).to.equal("mailto:help@province.example");
      await context.close();
    }
  });

  it("a month without anything says so; the keyboard chooses it", async () => {
    const { page, context, wrongs } = await opened("/portal/statistics", { size: "desktop" });
    await page.getByRole("combobox", { name: MONTH }).focus();
    await page.keyboard.press("End");
    await page.getByText("Tháng này chưa có gì được ghi").waitFor();
    await expectAccessible(page);
    await picture(page, "statistics-empty");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("a checkpoint other than the anchored one is called out", async () => {
    const { page, context } = await visitor(portal);
    await changeRoot(page);
    await page.goto("/portal/log");
    await page.getByText(/Sổ công bố khác với dấu đã chốt|Sổ đã dài thêm/).waitFor();
    await page.getByText("Sổ công bố khác với dấu đã chốt").waitFor();
    await picture(page, "log-differs");
    await context.close();
  });

  it("while the chain cannot be asked the page says so; while the server is away it keeps what it had", async () => {
    const { page, context } = await visitor(portal, { size: "desktop" });
    await context.route("**/rpc", async (route) => await route.abort());
    await page.clock.install();
    await page.goto("/portal/log");
    await page.getByText("qn-police/r1").waitFor();
    await page.clock.runFor(8_000);
    await page.getByText("không hỏi được", { exact: true }).waitFor();
    await context.route("**/health", async (route) => await route.abort());
    await page.clock.runFor(30_000);
    await page.getByText("Chưa cập nhật được").waitFor();
    // What is no longer known is not said to be well.
    expect(await page.getByText("Cuốn sổ đang nhận mục mới").count()).to.equal(0);
    await page.getByText("qn-police/r1").waitFor();
    await expectAccessible(page);
    await picture(page, "log-stale");
    await context.close();
  });

  it("where nothing can be had from the beginning, it says so and offers to try again", async () => {
    const { page, context } = await visitor(portal);
    await context.route("**/health", async (route) => await route.abort());
    await context.route("**/v1/statistics*", async (route) => await route.abort());
    await page.clock.install();
    for (const path of ["/portal/log", "/portal/statistics"]) {
      await page.goto(path);
      await page.clock.runFor(10_000);
      await page.getByRole("button", { name: "Thử lại" }).waitFor();
      await expectAccessible(page);
      await picture(page, `${path.slice("/portal/".length)}-failed`);
    }
    await context.close();
  });
});

/** Answers with a checkpoint of the same size as the anchored one, and another root. */
async function changeRoot(page: Page): Promise<void> {
  await page.route("**/checkpoint", async (route) => {
    const answer = await route.fetch();
    const lines = (await answer.text()).split("\n");
    lines[2] = Buffer.alloc(32, 7).toString("base64");
    await route.fulfill({ response: answer, body: lines.join("\n") });
  });
}
