import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { parseBundle } from "../../protocol/bundle.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { GRANTED } from "../../protocol/grant.ts";
import { ACCESS } from "../system/fixture.ts";
import {
  expectAccessible,
  left,
  picture,
  type Portal,
  signedOn,
  startPortal,
  type Visitor,
  type VisitorOptions,
} from "./browser.ts";
import { press, tabTo } from "./keys.ts";
import { indexOf, judged, waiting } from "./recorded.ts";

const CASE = "QN-7";
const GRANTS = 3;
const DAY_MS = 86_400_000;

const EVENTS: readonly Facets[] = [
  ...[1, 2, 3].map((at) => ({
    ...ACCESS,
    case: at === 1 ? CASE : `QN-1${at}`,
    exchange: { ...ACCESS.exchange, messageId: `m-${at}` },
  })),
  ...Array.from({ length: GRANTS }, (_, at) => ({
    type: "action" as const,
    subject: ACCESS.subject,
    case: `GRANT-${at}`,
    purpose: { procedure: "DRIVER_LIC" },
    time: ACCESS.time,
    outcome: { code: "success" as const, detail: GRANTED },
  })),
];

/** `2026-11-25`, so many days from now, as the browser's calendar has it. */
function inDays(days: number): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh" }).format(
    Date.now() + days * DAY_MS,
  );
}

describe("what inspectors order and record in a browser", function () {
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

  it("seals what was found, extends the seal and lifts it, by keyboard; the person sees that something is closed", async () => {
    const index = await indexOf(portal, 1);
    const visit = await opened("/portal/search");
    const { page } = visit;
    await tabTo(page, page.getByRole("textbox", { name: "Số hồ sơ" }));
    await page.keyboard.type(CASE);
    await page.keyboard.press("Enter");
    await press(page, page.getByRole("checkbox", { name: `Chọn mục ${index}` }), "Space");
    await press(page, page.getByRole("link", { name: /Niêm phong các mục đã chọn/ }));
    await page.getByRole("heading", { level: 1, name: "Niêm phong các mục" }).waitFor();
    expect(await page.getByRole("textbox", { name: "Các mục, theo vị trí trong sổ" }).inputValue()).to.equal(
      String(index),
    );
    const place = page.getByRole("button", { name: "Niêm phong các mục này", exact: true });
    await press(page, place);
    await page.getByText("Chọn một ngày từ hôm nay đến 180 ngày tới.").waitFor();
    await page.getByText("Hãy điền mục này.").first().waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-seal-new-desktop-vi");
    await terms(page, 7);
    await press(page, place);
    await page.getByText("Lệnh được ghi vào sổ với tên cơ quan của bạn.", { exact: false }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await page.getByText(/Đã niêm phong 1 mục đến .*(GMT\+7|ICT)/).waitFor();
    await page.getByText(`Bên kia chưa ghi các lần trao đổi này: #${index}`).waitFor();
    await expectAccessible(page);

    // Until the seal is anchored nobody gets the list that it is in.
    await judged(portal);
    const person = await opened("/portal/my-data", { person: "citizen-1", size: "phone" });
    await person.page.getByRole("heading", { name: "Một mục đang được giữ kín" }).first().waitFor();
    await left(person);

    await press(page, page.getByRole("link", { name: "Về các lệnh niêm phong" }));
    const soon = page.getByRole("region", { name: "Sắp hết hạn (trong 14 ngày)" });
    await soon.getByText("đang có hiệu lực").waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-seals-desktop-vi");
    await press(page, soon.getByRole("link", { name: /^Xem/ }));
    await press(page, page.getByRole("button", { name: "Gia hạn", exact: true }));
    const extend = page.getByRole("button", { name: "Gia hạn lệnh" });
    await terms(page, 3);
    await press(page, extend);
    await page.getByText("Chọn một ngày sau ngày hết hạn hiện nay.").waitFor();
    await terms(page, 60);
    await expectAccessible(page);
    await press(page, extend);
    await page.getByText(/Lệnh có hiệu lực đến .*(GMT\+7|ICT)/).waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-seal-desktop-vi");

    await page.goto("/portal/seals");
    await page.getByRole("region", { name: "Đang có hiệu lực" }).getByRole("listitem").waitFor();
    await press(page, page.getByRole("link", { name: /^Xem/ }).first());
    await press(page, page.getByRole("button", { name: "Mở sớm", exact: true }));
    const lift = page.getByRole("button", { name: "Có, mở ngay" });
    await press(page, lift);
    await page.getByText("Hãy điền mục này.").first().waitFor();
    await terms(page);
    await press(page, lift);
    await page.getByText("Mở các mục này ngay bây giờ?").waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await page.getByText("Các mục đã được mở").waitFor();
    await page.getByText("đã mở sớm").waitFor();
    expect(await page.getByRole("button", { name: "Gia hạn", exact: true }).count()).to.equal(0);
    await expectAccessible(page);
    await left(visit);
  });

  /** Fills in until when, where it is asked, and by which law. */
  async function terms(page: Visitor["page"], days?: number): Promise<void> {
    const fields = page.getByRole("main");
    if (days !== undefined) await fields.getByLabel("Đến hết ngày").fill(inDays(days));
    await fields.getByRole("textbox", { name: "Theo luật nào" }).fill("Bộ luật Tố tụng hình sự");
    await fields.getByRole("textbox", { name: "Điều", exact: true }).fill("177");
  }

  it("goes through exchanges that one side recorded, by their state, by keyboard", async () => {
    await waiting(portal, "unmatched-exchanges");
    const visit = await opened("/portal/queues/unmatched-exchanges", { size: "phone" });
    const { page } = visit;
    await page.getByText("một bên chưa ghi", { exact: false }).waitFor();
    const open = page.getByRole("link", { name: /^Mở/ });
    await open.first().waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-queue-unmatched-phone-vi");
    await press(page, open.first());
    await tabTo(page, page.getByRole("textbox", { name: "Lý do" }));
    await page.keyboard.type("Bên kia mất điện; đã có văn bản.");
    await press(page, page.getByRole("button", { name: "Khép lại: không sai" }));
    await press(page, page.getByRole("button", { name: "Có, ghi vào sổ" }));
    await page.getByText(/Đã ghi vào sổ ở mục #\d+/).waitFor();
    await page.goto("/portal/queues/unmatched-exchanges");
    const state = page.getByRole("combobox", { name: /Trạng thái/ });
    await tabTo(page, state);
    const chosen = state.locator("option:checked");
    for (let moves = 0; moves < 10 && (await chosen.textContent()) !== "đã khép lại, không sai"; moves++)
      await page.keyboard.press("ArrowDown");
    await page.getByRole("listitem").getByText("đã khép lại, không sai").waitFor();
    expect(await open.count(), "the others wait still").to.equal(1);
    await expectAccessible(page);

    await page.goto("/portal/queues");
    await press(page, page.getByRole("link", { name: "Mọi phát hiện, kể cả những việc đã xong" }));
    await page.getByRole("heading", { level: 1, name: "Phát hiện" }).waitFor();
    await page.getByRole("listitem").getByText("đang mở").first().waitFor();
    await page.getByRole("listitem").getByText("đã khép lại, không sai").first().waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-findings-phone-vi");
    await left(visit);
  });

  it("records what was found in a sample, and sees the rates of it; so does the agency's officer", async () => {
    const visit = await opened("/portal/samples");
    const { page } = visit;
    const health = (await (await fetch(`${portal.url}/health`)).json()) as { events: { recorded: number } };
    // Nearly all there is, so that some of what was granted is among it.
    await tabTo(page, page.getByRole("textbox", { name: "Bốc bao nhiêu mục" }));
    await page.keyboard.press("Control+A");
    await page.keyboard.type(String(health.events.recorded - 1));
    await page.keyboard.press("Enter");
    await page.getByText("Trình duyệt này bốc ra đúng những mục đó").waitFor();
    const grants = page.getByRole("region", { name: "Việc cấp tự động trong mẫu" });
    const cards = grants.locator("li");
    await cards.nth(GRANTS - 2).waitFor();
    const count = await cards.count();
    // The second that was drawn first: who passes one over is told so.
    await record(page, cards.nth(1), "không đúng");
    await page.getByText(/Bị bỏ qua: #\d+/).waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-sample-results-desktop-vi");
    for (const at of Array.from({ length: count }, (_, each) => each).filter((each) => each !== 1))
      await record(page, cards.nth(at), "đúng");
    await page.getByText(/Bị bỏ qua/).waitFor({ state: "detached" });
    const rates = [String(count), "1"];
    const own = grants.getByRole("table").getByRole("row").filter({ hasText: "tất cả" });
    await expectCells(own, rates);

    await press(page, page.getByRole("main").getByRole("link", { name: "Mẫu ngẫu nhiên" }));
    const all = page.getByRole("region", { name: "Tỷ lệ không đúng" }).getByRole("row");
    await expectCells(all.filter({ hasText: "tất cả" }), rates);
    await expectAccessible(page);
    await picture(page, "inspector-rates-desktop-vi");
    await left(visit);

    const officer = await opened("/portal/agency", { person: "officer-qn-police", size: "phone" });
    const shown = officer.page.getByRole("region", { name: "Tỷ lệ không đúng" }).getByRole("row");
    await expectCells(shown.filter({ hasText: "tất cả" }), rates);
    await expectAccessible(officer.page);
    await left(officer);
  });

  async function record(
    page: Visitor["page"],
    card: ReturnType<Visitor["page"]["locator"]>,
    outcome: string,
  ): Promise<void> {
    await press(page, card.getByRole("button", { name: "Ghi kết quả" }).first());
    const radio = card.getByRole("radio", { name: outcome, exact: true });
    await tabTo(page, card.getByRole("radio").first());
    await page.keyboard.press("Space");
    for (let moves = 0; moves < 3 && !(await radio.isChecked()); moves++)
      await page.keyboard.press("ArrowDown");
    await press(page, card.getByRole("button", { name: "Ghi kết quả" }).nth(1));
    await press(page, page.getByRole("button", { name: "Có, ghi vào sổ" }));
    await card.getByText(`Kết quả: ${outcome}`, { exact: true }).waitFor();
  }

  /** Waits until a row says how many were looked at, and how many of them were not in order. */
  async function expectCells(
    row: ReturnType<Visitor["page"]["locator"]>,
    [inspected = "", wrong = ""]: readonly string[],
  ): Promise<void> {
    await row.locator("td").nth(1).getByText(inspected, { exact: true }).waitFor();
    await row.locator("td").nth(2).getByText(wrong, { exact: true }).waitFor();
  }

  for (const way of ["case", "person"] as const)
    it(`hands out the evidence of a ${way}, which the browser verified, and none that was changed on the way`, async () => {
      const visit = await opened("/portal/bundles", { language: "en" });
      const { page, context } = visit;
      const ways = { case: "Of a case", person: "Of a person in a time" };
      await tabTo(page, page.getByRole("radio").first());
      const radio = page.getByRole("radio", { name: ways[way], exact: true });
      for (let moves = 0; moves < 3 && !(await radio.isChecked()); moves++)
        await page.keyboard.press("ArrowDown");
      const make = page.getByRole("button", { name: "Make and check the bundle" });
      await press(page, make);
      await page.getByText("Fill this in.").first().waitFor();
      await expectAccessible(page);
      if (way === "case") await page.getByRole("textbox", { name: "Case number" }).fill(CASE);
      else {
        await page.getByRole("textbox", { name: "Number", exact: true }).fill(ACCESS.subject.id);
        await page.getByLabel("From", { exact: true }).fill(inDays(-1));
        await page.getByLabel("Until the end of", { exact: true }).fill(inDays(1));
      }
      await press(page, make);
      await page.getByText("The bundle has been checked").waitFor();
      await expectAccessible(page);
      await picture(page, `inspector-bundle-${way}-desktop-en`);
      const downloading = page.waitForEvent("download");
      await press(page, page.getByRole("button", { name: "Download the checked bundle" }));
      const download = await downloading;
      expect(download.suggestedFilename()).to.not.contain(ACCESS.subject.id).and.not.contain(CASE);
      const { items } = parseBundle(await readFile(await download.path()));
      expect(items).to.have.length(way === "case" ? 1 : items.length);
      expect(items.length).to.be.at.least(way === "case" ? 1 : EVENTS.length);

      await context.route("**/v1/bundles", async (route) => {
        const answer = await route.fetch();
        const body = Buffer.from(await answer.body());
        // A character of the submission's signature.
        const at = body.lastIndexOf('"jws":"') + 400;
        body[at] = body[at] === 0x41 ? 0x42 : 0x41;
        await route.fulfill({ response: answer, body });
      });
      await press(page, make);
      await page.getByText("Do not use: the check failed").waitFor();
      expect(await page.getByRole("button", { name: "Download the checked bundle" }).count()).to.equal(0);
      await left(visit);
    });
});
