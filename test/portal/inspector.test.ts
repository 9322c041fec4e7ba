import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Facets } from "../../protocol/facet-values.ts";
import { parseBundle } from "../../protocol/bundle.ts";
import { ACCESS } from "../system/fixture.ts";
import {
  expectAccessible,
  picture,
  type Portal,
  signedOn,
  signOn,
  startPortal,
  type Visitor,
  visitor,
  type VisitorOptions,
  WORDS,
} from "./browser.ts";
import { judged, monthOf } from "./recorded.ts";

const DRAWN = "Trình duyệt này bốc ra đúng những mục đó";
const ACCESSES = 30;

const EVENTS: readonly Facets[] = Array.from({ length: ACCESSES }, (_, at) => ({
  ...ACCESS,
  exchange: { ...ACCESS.exchange, messageId: `m-${at}` },
  ...(at % 3 === 0 && { case: `QN-${at}` }),
  ...(at % 10 === 0 && { handling: { emergency: true } }),
}));

describe("what inspectors and officers do in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  before(async () => {
    portal = await startPortal({ exchangeGraceSeconds: 1 });
    await portal.record(EVENTS);
    await judged(portal);
  });
  after(async () => await portal.close());

  async function opened(
    path: string,
    { person = "inspector-1", ...options }: VisitorOptions & { person?: string } = {},
  ): Promise<Visitor> {
    return await signedOn(portal, path, person, { size: "desktop", ...options });
  }

  for (const [size, language] of [
    ["desktop", "vi"],
    ["phone", "en"],
  ] as const)
    it(`an inspector sees how everything stands, in charts and in their tables: ${size}, ${language}`, async () => {
      const { page, context, wrongs } = await opened("/portal/", { size, language });
      const name = {
        vi: "Số lần các cơ quan hỏi dữ liệu trong tháng",
        en: "How often agencies asked for data this month",
      };
      const month = page.getByRole("combobox", { name: { vi: "Tháng", en: "Month" }[language] });
      await month.selectOption(await monthOf(portal, 1));
      await page.getByRole("img", { name: name[language] }).waitFor();
      expect(new URL(page.url()).pathname).to.equal("/portal/oversight");
      await page.getByRole("button", { name: new RegExp(name[language]) }).press("Enter");
      const table = page.getByRole("region", { name: name[language] }).getByRole("table");
      await table.getByRole("row").nth(1).waitFor();
      expect(await table.getByRole("row").nth(1).textContent()).to.contain("30");
      await expectAccessible(page);
      await picture(page, `oversight-${size}-${language}`);
      expect(wrongs).to.deep.equal([]);
      await context.close();
    });

  it("closes a finding, which asks for a reason and is recorded", async () => {
    const { page, context, wrongs } = await opened("/portal/queues");
    await page.getByRole("link", { name: /Phát hiện chưa ai xem xét/ }).press("Enter");
    await page.getByRole("link", { name: /^Mở/ }).first().waitFor();
    await expectAccessible(page);
    await picture(page, "oversight-queue");
    await page
      .getByRole("link", { name: /Không nêu số hồ sơ/ })
      .first()
      .press("Enter");
    const dismiss = page.getByRole("button", { name: "Khép lại: không sai" });
    await dismiss.press("Enter");
    await page.getByText("Hãy viết lý do.").waitFor();
    await page.getByRole("textbox", { name: "Lý do" }).fill("Cơ quan đã nộp hồ sơ giấy.");
    await expectAccessible(page);
    await picture(page, "oversight-finding");
    await dismiss.press("Enter");
    await expectAccessible(page);
    await page.getByRole("button", { name: "Có, ghi vào sổ" }).press("Enter");
    await page.getByText(/Đã ghi vào sổ ở mục #\d+/).waitFor();
    await page.getByRole("button", { name: "Mở lại" }).waitFor();
    await page.getByText("Cơ quan đã nộp hồ sơ giấy.").waitFor();
    await expectAccessible(page);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("says that an emergency was none, and what was decided can be opened again", async () => {
    const { page, context, wrongs } = await opened("/portal/queues/emergencies", { language: "en" });
    await page.getByRole("link", { name: /^Open/ }).first().press("Enter");
    await page.getByRole("textbox", { name: "Reason" }).fill("Nobody was in danger.");
    await page.getByRole("button", { name: "It was no emergency" }).press("Enter");
    await page.getByRole("button", { name: "Yes, record it" }).press("Enter");
    await page.getByText("found to be wrong").first().waitFor();
    await page.getByRole("button", { name: "Open again" }).waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("searches page by page, and takes what was chosen to a bundle that the browser verified before it is handed out", async () => {
    const { page, context, wrongs } = await opened("/portal/search");
    const addresses: string[] = [];
    context.on("request", (request) => addresses.push(request.url()));
    await page.getByRole("textbox", { name: "Mã cán bộ" }).fill("officer-17");
    await page.getByRole("button", { name: "Tìm", exact: true }).press("Enter");
    await page.getByText("Hãy nêu cơ quan hoặc hệ thống của cán bộ.").waitFor();
    await page
      .getByRole("textbox", { name: "Cơ quan hoặc hệ thống của cán bộ" })
      .fill(ACCESS.exchange.client);
    await page.getByRole("button", { name: "Tìm", exact: true }).press("Enter");
    const boxes = page.getByRole("checkbox", { name: /Chọn mục/ });
    await boxes.nth(24).waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Trang tiếp theo" }).press("Enter");
    await boxes.nth(29).waitFor({ state: "attached" });
    await expectAccessible(page);
    await picture(page, "oversight-search");
    await boxes.nth(0).check({ force: true });
    await boxes.nth(3).check({ force: true });
    await page.getByRole("link", { name: /Lập bộ bằng chứng/ }).press("Enter");
    await page.getByRole("button", { name: "Lập và kiểm tra bộ bằng chứng" }).press("Enter");
    await page.getByText("Bộ bằng chứng đã được kiểm tra").waitFor();
    await expectAccessible(page);
    await picture(page, "oversight-bundle");
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Tải bộ bằng chứng đã kiểm tra" }).press("Enter");
    const file = await (await downloading).path();
    expect(parseBundle(await readFile(file)).items).to.have.length(2);
    expect(addresses.join(" ")).to.not.contain("officer-17");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("hands out no bundle that was changed on the way", async () => {
    const { page, context } = await visitor(portal, { size: "desktop" });
    await context.route("**/v1/bundles", async (route) => {
      const answer = await route.fetch();
      const body = Buffer.from(await answer.body());
      // A character of the submission's signature.
      const at = body.lastIndexOf('"jws":"') + 400;
      body[at] = body[at] === 0x41 ? 0x42 : 0x41;
      await route.fulfill({ response: answer, body });
    });
    await page.goto("/portal/bundles/3");
    await signOn(page, "inspector-1");
    await page.getByRole("button", { name: "Lập và kiểm tra bộ bằng chứng" }).click();
    await page.getByText("Đừng dùng: kiểm tra không đạt").waitFor();
    expect(await page.getByRole("button", { name: "Tải bộ bằng chứng đã kiểm tra" }).count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "oversight-bundle-tampered");
    await context.close();
  });

  it("draws a sample that the browser draws again from the block's hash", async () => {
    const { page, context, wrongs } = await opened("/portal/samples");
    await page.getByText("Chưa kết quả nào được ghi.").waitFor();
    await expectAccessible(page);
    await picture(page, "oversight-samples");
    await page.getByRole("textbox", { name: "Bốc bao nhiêu mục" }).fill("7");
    await page.getByRole("button", { name: "Yêu cầu bốc mẫu" }).press("Enter");
    await page.getByText(DRAWN).waitFor();
    await page.getByRole("button", { name: "Các mục, theo thứ tự bốc (7)" }).press("Enter");
    await expectAccessible(page);
    await picture(page, "oversight-sample");
    expect(wrongs).to.deep.equal([]);

    const address = page.url();
    await context.route("**/v1/samples/*?only=granted", async (route) => {
      const answer = await route.fetch();
      const sample = (await answer.json()) as { indexes: number[] };
      sample.indexes.reverse();
      await route.fulfill({ response: answer, json: sample });
    });
    await page.goto(address);
    await page.getByText("Mẫu này không phải do khối đó bốc ra").waitFor();
    expect(await page.getByText(DRAWN).count()).to.equal(0);
    await context.close();
  });

  it("reads an official's list, which the browser found to be whole", async () => {
    const { page, context, wrongs } = await opened("/portal/officials");
    await page.getByRole("textbox", { name: "Mã cán bộ" }).fill("officer-17");
    await page.getByRole("textbox", { name: "Cơ quan hoặc hệ thống" }).fill(ACCESS.exchange.client);
    await page.getByRole("button", { name: "Lấy danh sách và kiểm tra" }).press("Enter");
    await page.getByText("Đã kiểm tra: không thiếu, không sửa").waitFor();
    await page.getByText(/^30 mục/).waitFor();
    await page.getByRole("button", { name: /bước kiểm tra/ }).press("Enter");
    await expectAccessible(page);
    await picture(page, "oversight-official");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("an officer explains a finding of their agency, and has no pages of inspectors", async () => {
    const { page, context, wrongs } = await opened("/portal/queues/findings", {
      person: "officer-qn-police",
    });
    await page
      .getByRole("link", { name: /Không nêu số hồ sơ/ })
      .first()
      .click();
    await page.getByRole("textbox", { name: "Lý do" }).fill("Hồ sơ được lập sau.");
    await page.getByRole("button", { name: "Gửi giải trình" }).click();
    await page.getByRole("button", { name: "Có, ghi vào sổ" }).click();
    await page.getByText("cơ quan đã giải thích").first().waitFor();
    await page.getByRole("link", { name: "Tổng quan" }).click();
    await page.getByRole("heading", { name: "Phát hiện đang mở, theo loại và thời gian chờ" }).waitFor();
    await expectAccessible(page);
    await picture(page, "oversight-officer");
    expect(await page.getByRole("link", { name: "Mẫu ngẫu nhiên" }).count()).to.equal(0);
    await page.goto("/portal/samples");
    await page.getByRole("main").getByRole("link", { name: WORDS.vi.signOn, exact: true }).waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
