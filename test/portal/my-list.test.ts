/**
 * What a citizen does with the list: narrows it, reads what may not be shown, takes it away as a file and on paper, and is told when the server or the network
 * is gone. What the page shows is compared with the file that it handed out.
 */
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import jsqr from "jsqr";
import type { Locator, Page } from "playwright-core";
import { verifyCommand } from "../../cli/verify.ts";
import { toBase64url } from "../../protocol/bytes.ts";
import { openFacets, parseShownEvent } from "../../protocol/event.ts";
import { agencyOfSide } from "../../protocol/exchange.ts";
import { sha256 } from "../../protocol/sha256.node.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { runCommands } from "../cli/command-line.ts";
import { call } from "../system/api.ts";
import { ACCESS } from "../system/fixture.ts";
import { fetchStatement, tokenNamed } from "../system/statements.ts";
import {
  expectAccessible,
  picture,
  type Portal,
  signedOn,
  startPortal,
  type Visitor,
  visitor,
  type VisitorOptions,
} from "./browser.ts";
import { destroyed, indexOf, judged } from "./recorded.ts";

const GOOD = "Đã kiểm tra: không thiếu, không sửa";
const CASE = "HS-2026-000111";
const LAW = "Luật Căn cước 2023";
const PURPOSE = "Nhắc trước khi hộ chiếu hết hạn.";
const REASON = "Ghi nhầm hồ sơ; người có dữ liệu yêu cầu xóa.";
const DAY_MS = 86_400_000;

const at = (messageId: string, occurred: string, more: object = {}) => ({
  ...ACCESS,
  exchange: { ...ACCESS.exchange, messageId },
  time: { occurred },
  ...more,
});

/** Numbers of these events among those of the police, from 1. */
const SEALED = 6;
const ERASED = 7;
const EVENTS = [
  at("named", "2026-11-22T08:00:00+07:00", {
    case: CASE,
    data: { action: "R", personalData: ["pd:Name", "pd:DateOfBirth"] },
    purpose: { procedure: "PASSPORT", legalBasis: { law: LAW, article: "10" }, description: PURPOSE },
  }),
  at("march-1", "2026-03-02T08:00:00+07:00"),
  at("march-2", "2026-03-15T08:00:00+07:00"),
  at("last year", "2025-07-01T08:00:00+07:00"),
  // In November where the reader is, in October in Greenwich.
  at("health", "2026-11-01T00:30:00+07:00", {
    exchange: {
      messageId: "health",
      client: "VN/GOV/qn-health/clinic",
      service: "VN/GOV/qn-police/residents",
    },
  }),
  at("sealed", "2026-05-02T08:00:00+07:00"),
  at("erased", "2026-06-02T08:00:00+07:00", { outcome: { code: "refused" } }),
];

describe("what a citizen does with the list, in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  let until: Date;
  before(async () => {
    portal = await startPortal();
    const { url, system, record } = portal;
    await record(EVENTS);
    await judged(portal);
    until = new Date(Date.now() + 10 * DAY_MS);
    const sealed = await call(`${url}/v1/seals`, await tokenNamed(system, "inspector"), {
      ...{ events: [await indexOf(portal, SEALED)], until: until.toISOString() },
      legalBasis: { law: "Bộ luật Tố tụng hình sự", article: "177" },
    });
    expect(sealed.status, JSON.stringify(sealed.json)).to.equal(201);
    const officer = await tokenNamed(system, "officer of qn-police");
    const erased = await call(`${url}/v1/erasures`, officer, {
      ...{ id: "erasure-1", events: [await indexOf(portal, ERASED)], reason: REASON },
      legalBasis: { law: "Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15", article: "14" },
    });
    expect(erased.status, JSON.stringify(erased.json)).to.equal(201);
    await judged(portal);
    await destroyed(portal, "erasure-1");
    // Until the statement's proof of both orders is anchored, the ledger does not give it out.
    await fetchStatement(`${url}/v1/statement`, await tokenNamed(system, "citizen 1"), EVENTS.length);
  });
  after(async () => await portal.close());

  async function opened(options: VisitorOptions = {}): Promise<Visitor> {
    const made = await signedOn(portal, "/portal/my-data", "citizen-1", options);
    await made.page.getByText(GOOD).waitFor();
    return made;
  }

  /** The file as the page hands it to the person. */
  async function downloaded(page: Page): Promise<{ readonly name: string; readonly text: string }> {
    const handed = page.waitForEvent("download");
    await page.getByRole("button", { name: "Tải tệp bản kê" }).click();
    const file = await handed;
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
  }

  /** The entries of a statement's file, read without the page's code. */
  const entriesIn = (text: string) =>
    parseStatement(text).lists.flatMap(({ events }) =>
      events.map(({ event, closedBy }) => ({ facets: openFacets(parseShownEvent(event)), closedBy })),
    );

  const item = (page: Page, text: string): Locator => page.locator(".item").filter({ hasText: text });

  it("an entry says which agency and what post, which data of whom, for which procedure and case, on which law, when, whether it was allowed, and where to complain", async () => {
    const { page, context, wrongs } = await opened();
    const entry = item(page, "Họ và tên");
    await entry.getByRole("button", { name: "Chi tiết" }).press("Enter");
    const facts = entry.locator("dl.facts");
    await facts.waitFor();
    const said = new Map<string, string>();
    for (const term of await facts.locator("dt").all())
      said.set((await term.textContent()) ?? "", (await term.locator("+ dd").textContent()) ?? "");
    const expected: readonly (readonly [string, string])[] = [
      ["Cơ quan", "(mã qn-police)"],
      ["Lấy từ", "(mã qn-justice)"],
      ["Người xem", "registry officer"],
      ["Loại dữ liệu", "Họ và tên"],
      ["Để làm", "Hộ chiếu"],
      ["Mô tả", PURPOSE],
      ["Cơ quan nêu căn cứ", LAW],
      ["Mã hồ sơ", CASE],
    ];
    for (const [label, text] of expected) expect(said.get(label), label).to.include(text);
    expect(said.get("Cơ quan nêu căn cứ")).to.match(/\b10\b/);
    expect(await entry.locator("time").textContent()).to.match(/22 tháng 11, 2026.*08:00.*(GMT\+7|ICT)/);
    await entry.getByRole("heading", { name: "Có được phép không?" }).waitFor();
    await entry.locator(".allowed .badge").waitFor();
    const complain = entry.getByRole("link", { name: "Khiếu nại về mục này" });
    expect(await complain.getAttribute("href")).to.match(/complaints\/new\/\d+$/);
    expect(await entry.textContent(), "who it was is the inspectorate's to know").to.not.include(
      "officer-17",
    );
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("sealed and erased entries are shown as such, with who ordered it, by which law and until when; they are counted", async () => {
    const { page, context, wrongs } = await opened();
    const sealed = item(page, "Một mục đang được giữ kín");
    await sealed.getByText("Luật cho phép tạm giữ kín mục này.").waitFor();
    await sealed.getByRole("button", { name: "Chi tiết" }).press("Enter");
    await sealed.getByText("Thanh tra tỉnh").waitFor();
    await sealed.getByText(/Bộ luật Tố tụng hình sự/).waitFor();
    const day = new Intl.DateTimeFormat("vi-VN", { dateStyle: "long", timeZone: "Asia/Ho_Chi_Minh" }).format(
      until,
    );
    await sealed.getByText(day).waitFor();
    expect(await sealed.textContent())
      .to.not.include("ngày sinh")
      .and.not.include("1.004222");

    const erased = item(page, "Nội dung mục này đã bị xóa");
    await erased.getByText("Nội dung đã bị hủy theo lệnh.").waitFor();
    await erased.getByRole("button", { name: "Chi tiết" }).press("Enter");
    await erased.getByText(REASON).waitFor();
    await erased.getByText(/Luật Bảo vệ dữ liệu cá nhân/).waitFor();
    expect(await erased.textContent()).to.not.include("không được đưa");
    expect([await sealed.count(), await erased.count()]).to.deep.equal([1, 1]);

    // A term is pressed and says what it means.
    await sealed.getByRole("button", { name: "Theo lệnh của" }).click();
    await page.getByRole("dialog").getByText("Luật cho phép một số cơ quan tạm giữ kín một mục").waitFor();
    await page.keyboard.press("Escape");
    const entries = entriesIn((await downloaded(page)).text);
    expect(entries.filter(({ closedBy }) => closedBy !== undefined)).to.have.length(2);
    await page.getByText(`${entries.length} trong ${entries.length} dòng`, { exact: true }).waitFor();
    await expectAccessible(page);
    await picture(page, "my-data-closed-phone-vi");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("the list is narrowed by kind, agency, procedure, year and problem, searched without accents, and put under headings", async () => {
    const { page, context, wrongs } = await opened({ size: "desktop" });
    const all = entriesIn((await downloaded(page)).text).length;
    const filters = page.getByRole("region", { name: "Lọc và tìm" });
    await filters.getByRole("button", { name: "Lọc và tìm" }).click();
    const items = page.locator(".item");
    const left = async (count: number): Promise<void> => {
      await filters.getByText(`${count} trong ${all} dòng`, { exact: true }).waitFor();
      expect(await items.count()).to.equal(count);
    };
    const chosen = async (label: string, value: string, count: number): Promise<void> => {
      await filters.getByLabel(label, { exact: true }).selectOption(value);
      await left(count);
    };
    const clear = async (): Promise<void> => {
      await filters.getByRole("button", { name: "Bỏ lọc" }).click();
      await left(all);
      expect(await filters.getByRole("button", { name: "Bỏ lọc" }).count()).to.equal(0);
    };
    await left(all);
    await chosen("Loại việc", "sealed", 1);
    expect(await items.getAttribute("data-kind")).to.equal("sealed");
    await chosen("Loại việc", "erased", 1);
    expect(await items.getAttribute("data-kind")).to.equal("erased");
    await clear();
    await chosen("Cơ quan", "qn-health", 1);
    await chosen("Thủ tục", "PASSPORT", 0);
    await page.getByText("Không có mục nào khớp").waitFor();
    await clear();
    await chosen("Thủ tục", "PASSPORT", 1);
    await clear();
    await chosen("Năm", "2025", 1);
    await chosen("Năm", "2026", all - 1);
    await clear();

    const words = filters.getByLabel("Tìm trong danh sách");
    await words.fill(CASE.toLowerCase());
    await left(1);
    await words.fill("dang duoc giu kin");
    await left(1);
    await words.fill("ho chieu");
    await left(1);
    await clear();

    await page.getByText("Đang hỏi…").first().waitFor({ state: "hidden" });
    const problems = await page.locator(".item > .item-body > .row .badge", { hasText: "Có vấn đề" }).count();
    expect(problems).to.be.within(1, all - 1);
    await filters.getByText("Chỉ những mục có vấn đề").click();
    await left(problems);
    await clear();

    await filters.getByLabel("Xếp theo").selectOption("agency");
    const name = await filters.locator('option[value="qn-health"]').textContent();
    await page.getByRole("heading", { level: 2, name: name ?? "", exact: true }).waitFor();
    expect(await items.count()).to.equal(all);
    await expectAccessible(page);
    await picture(page, "my-data-filters-desktop-vi");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("the year at a glance has, for each agency and month, as many uses as the statement's file", async () => {
    const { page, context, wrongs } = await opened({ size: "desktop" });
    const { text } = await downloaded(page);
    const names = page.getByRole("region", { name: "Lọc và tìm" });
    await names.getByRole("button", { name: "Lọc và tìm" }).click();
    const table = page.locator("table.year");
    for (const year of ["2026", "2025"]) {
      const expected = new Map<string, number[]>();
      for (const { facets } of entriesIn(text)) {
        const { exchange, time } = facets as { exchange?: { client: string }; time?: { occurred: string } };
        if (exchange === undefined || time?.occurred.startsWith(year) !== true) continue;
        const code = agencyOfSide(exchange.client) ?? "";
        const name = (await names.locator(`option[value="${code}"]`).textContent()) ?? "";
        const months = expected.get(name) ?? Array.from({ length: 12 }, () => 0);
        const month = Number(time.occurred.slice(5, 7)) - 1;
        months[month] = (months[month] ?? 0) + 1;
        expected.set(name, months);
      }
      await page
        .locator(".card")
        .filter({ has: table })
        .getByLabel("Năm", { exact: true })
        .selectOption(year);
      await table.locator("tbody tr").nth(expected.size).waitFor({ state: "detached" });
      const shown = new Map<string, number[]>();
      for (const row of await table.locator("tbody tr").all()) {
        const [name = "", ...cells] = await row.locator("th, td").allTextContents();
        expect(cells, "twelve months and the sum").to.have.length(13);
        const months = cells.slice(0, 12).map(Number);
        expect(Number(cells[12]), `${name} in ${year}`).to.equal(
          months.reduce((sum, count) => sum + count, 0),
        );
        shown.set(name, months);
      }
      expect(shown, year).to.deep.equal(expected);
      expect(expected.size, "the year says something").to.be.above(0);
    }
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  /** What the code in the drawing says to a camera: it is photographed, and read by a library that has nothing to do with the one that drew it. */
  async function scanned(drawing: Locator, { context }: Visitor): Promise<string | undefined> {
    const photo = (await drawing.screenshot()).toString("base64");
    const blank = await context.newPage();
    const { width, height, data } = await blank.evaluate<{ width: number; height: number; data: number[] }>(
      `createImageBitmap(new Blob([Uint8Array.fromBase64(${JSON.stringify(photo)})])).then((image) => {
        const drawn = new OffscreenCanvas(image.width, image.height).getContext("2d");
        drawn.drawImage(image, 0, 0);
        const { width, height, data } = drawn.getImageData(0, 0, image.width, image.height);
        return { width, height, data: [...data] };
      })`,
    );
    await blank.close();
    return jsqr.default(new Uint8ClampedArray(data), width, height)?.data;
  }

  it("the file that is handed out is accepted by the command and by the Verify page, to which the paper's code leads with the file's digest", async () => {
    const visit = await opened();
    const { page, context, wrongs } = visit;
    const { name, text } = await downloaded(page);
    expect(name).to.match(/^minhbach-\d{4}-\d{2}-\d{2}\.json$/);
    const files = {
      "list.json": text,
      "changed.json": text.replace(/"horizon":(\d+)/, (_, horizon) => `"horizon":${Number(horizon) + 1}`),
      "trust.json": await readFile(portal.system.profileFile, "utf8"),
    };
    const verify = async (file: string) =>
      await runCommands(
        [verifyCommand(fetch)],
        ["verify", file, "--trust", "trust.json", "--about", "vn-cccd:999199000001"],
        files,
      );
    const checked = await verify("list.json");
    expect(checked.code, checked.out + checked.err).to.equal(0);
    expect((await verify("changed.json")).code).to.equal(1);

    await page.getByRole("link", { name: "Bản in" }).click();
    const code = page.getByRole("img", { name: /Quét mã này/ });
    await code.waitFor();
    const address = await scanned(code, visit);
    const digest = toBase64url(sha256(new TextEncoder().encode(text)));
    expect(address).to.equal(`${portal.url}/verify#statement=${digest}`);
    await page.getByText(digest).waitFor();

    const reader = await visitor(portal);
    await reader.page.goto(String(address));
    await reader.page.getByText("Bạn đã quét mã trên bản in").waitFor();
    await reader.page
      .locator("input[type=file]")
      .first()
      .setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
    await reader.page.getByText("Đúng là tệp của bản in").waitFor();
    await reader.page.getByText("Bản kê này đúng: không thiếu, không sửa").waitFor();
    expect([...wrongs, ...reader.wrongs]).to.deep.equal([]);
    await reader.context.close();
    await context.close();
  });

  // The last: nothing is served afterwards.
  it("without a network, and when the server is gone, it says which of the two; the list is there again once they are", async () => {
    const { page, context } = await opened();
    const again = page.getByRole("button", { name: "Tải và kiểm tra lại" });
    await context.setOffline(true);
    await again.click();
    await page.getByText("Thiết bị đang mất mạng").waitFor();
    await expectAccessible(page);
    await picture(page, "my-data-offline-phone-vi");
    await context.setOffline(false);
    await page.getByRole("button", { name: "Thử lại" }).click();
    await page.getByText("Thiết bị đang mất mạng").waitFor({ state: "hidden" });
    await page.getByText(GOOD).waitFor();
    await portal.app.close();
    await again.click();
    await page.getByText("Máy chủ không trả lời").waitFor();
    expect(await page.getByText("Thiết bị đang mất mạng").count()).to.equal(0);
    expect(await page.getByText("Trang này gặp lỗi").count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "my-data-unreachable-phone-vi");
    await context.close();
  });
});
