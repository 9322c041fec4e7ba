/** A consent from the agency's question to its end: every act is two taps where it takes something away, is recorded once, and stands in the history with who said it. */
import { expect } from "chai";
import type { Locator, Page, Request } from "playwright-core";
import { call } from "../system/api.ts";
import { ACCESS, tokenOf } from "../system/fixture.ts";
import { tokenNamed } from "../system/statements.ts";
import { type CatalogueFolder, catalogueFolder } from "../server/catalogue/folder.ts";
import {
  expectAccessible,
  picture,
  type Portal,
  signOn,
  startPortal,
  type Visitor,
  visitor,
} from "./browser.ts";

const WITHDRAWN = "Đã rút lại. Lần hỏi tiếp theo của cơ quan sẽ bị từ chối.";
const NOT_LOADED = "Chưa tải được phần này của trang";

describe("my consents in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  let catalogue: CatalogueFolder;
  let version: string;
  before(async () => {
    // The police stands for who builds, so that an agency of the demo may ask.
    catalogue = await catalogueFolder();
    await catalogue.replace(
      "catalogue.json",
      '"qn-police": ["police"',
      '"qn-police": ["construction", "police"',
    );
    portal = await startPortal({ catalogueDir: catalogue.folder });
    await portal.record([ACCESS]);
    const current = await fetch(`${portal.url}/v1/catalogue`);
    ({ version } = (await current.json()) as { version: string });
  });
  after(async () => {
    await portal.close();
    await catalogue.remove();
  });

  /** The agency asks the citizen for these data; the id of the consent. */
  async function asked(...personalData: readonly string[]): Promise<string> {
    const { status, json } = await call(
      `${portal.url}/v1/consent-requests`,
      await tokenOf(portal.system, "agency", "qn-police"),
      {
        ...{ person: ACCESS.subject, procedure: "BUILD_PERMIT", recipients: ["qn-water"], personalData },
        ...{ notice: "connection-2026-1", language: "vi", catalogue: version },
      },
    );
    expect(status, JSON.stringify(json)).to.equal(201);
    return String(json["id"]);
  }

  interface Opened extends Visitor {
    /** What was asked of the server that changes something. */
    readonly acts: readonly string[];
  }

  async function opened(): Promise<Opened> {
    const made = await visitor(portal);
    const acts: string[] = [];
    made.context.on("request", (request: Request) => {
      const { pathname } = new URL(request.url());
      if (request.method() === "POST" && pathname.startsWith("/v1/consents"))
        acts.push(pathname.replace(/[\w-]{20,}/, "ID"));
    });
    await made.page.goto("/portal/consents");
    await signOn(made.page, "citizen-1");
    return { ...made, acts };
  }

  /** Presses it as a finger does. */
  async function tap(button: Locator): Promise<void> {
    await button.tap();
  }

  /** What the history of the only card in the list says, line by line, without the moments; opened first where it is closed. */
  async function historyIn(card: Locator): Promise<string[]> {
    const closed = card.locator(".disclosure-button[aria-expanded=false]");
    if ((await closed.count()) > 0) await closed.press("Enter");
    const lines = card.locator("ol > li");
    await lines.first().waitFor();
    return (await lines.allTextContents()).map((line) => line.replace(/^.*?(GMT\+7|ICT): /, "").trim());
  }

  /** Opens what is over, and gives its first card. */
  async function over(page: Page, count: number): Promise<Locator> {
    const button = page.getByRole("button", { name: `Đã kết thúc (${count})` });
    await button.waitFor();
    if ((await button.getAttribute("aria-expanded")) === "false") await button.press("Enter");
    const cards = page.locator("section.card", { has: page.getByRole("button", { name: "Diễn biến" }) });
    return cards.filter({ hasText: "đã rút lại" }).first();
  }

  it("what an agency asks is agreed to after it was read, withdrawn with two taps and no fewer, and its history says who said what and where it stands", async () => {
    await asked("pd:Name");
    const { page, context, wrongs, acts } = await opened();
    await page.getByRole("heading", { name: "Cơ quan đang hỏi bạn" }).waitFor();
    await tap(page.getByRole("button", { name: "Đồng ý", exact: true }));
    await page
      .getByRole("dialog")
      .getByText(/Tôi đồng ý cho .* nhận họ và tên của tôi/)
      .waitFor();
    await expectAccessible(page);
    expect(acts, "reading is no agreeing").to.deep.equal([]);
    await tap(page.getByRole("button", { name: "Tôi đồng ý" }));
    await page.getByRole("heading", { name: "Đang có hiệu lực" }).waitFor();
    expect(acts).to.deep.equal(["/v1/consents"]);

    const withdraw = page.getByRole("button", { name: "Rút lại", exact: true });
    await tap(withdraw);
    await page.getByRole("dialog", { name: "Rút lại sự đồng ý này?" }).waitFor();
    await expectAccessible(page);
    await tap(page.getByRole("button", { name: "Không, quay lại" }));
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "Đang có hiệu lực" }).waitFor();
    expect(acts, "the first tap does nothing yet").to.have.length(1);

    await tap(withdraw);
    await tap(page.getByRole("button", { name: "Có, rút lại" }));
    await page.getByText(WITHDRAWN).waitFor();
    expect(acts, "withdrawn once").to.deep.equal(["/v1/consents", "/v1/consents/ID/withdrawal"]);
    expect(await withdraw.count()).to.equal(0);

    const history = await historyIn(await over(page, 1));
    expect(history.map((line) => line.replace(/\s*#\d+$/, ""))).to.deep.equal([
      "cơ quan đang hỏi bạn (do cơ quan)",
      "đã đồng ý (do bạn)",
      "đã rút lại (do bạn)",
    ]);
    const places = history.map((line) => Number(/#(\d+)$/.exec(line)?.[1]));
    expect(places, "in the order of the record").to.deep.equal([...places].sort((a, b) => a - b));
    expect(new Set(places).size).to.equal(3);
    await expectAccessible(page);
    await picture(page, "consent-history-phone-vi");

    const handed = page.waitForEvent("download");
    await page
      .getByRole("button", { name: /Tải giấy xác nhận/ })
      .first()
      .click();
    expect((await handed).suggestedFilename()).to.equal("consent-receipt.jsonld");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("what was put off stays a question, what was refused is over, and what the agency or an inspector ended says by whom", async () => {
    const [put, refused] = [await asked("pd:PhysicalAddress"), await asked("pd:PhysicalAddress", "pd:Name")];
    expect(put).to.not.equal(refused);
    const { page, context, wrongs, acts } = await opened();
    const cards = page.locator("section.card", { has: page.getByRole("button", { name: "Diễn biến" }) });
    const first = cards
      .filter({ has: page.getByRole("button", { name: "Để sau" }) })
      .filter({ hasNotText: "Họ và tên" });
    await first.getByRole("button", { name: "Để sau" }).tap();
    await page.getByText("Đã ghi nhận: bạn để sau.").waitFor();
    await page.getByText("bạn để lại quyết sau").first().waitFor();
    await cards.filter({ hasText: "Họ và tên" }).getByRole("button", { name: "Từ chối" }).tap();
    await page.getByText("Đã ghi nhận: bạn từ chối.").waitFor();
    expect(acts).to.deep.equal(["/v1/consents", "/v1/consents"]);

    // The one that was put off is agreed to after all, and its controller ends it.
    await tap(page.getByRole("button", { name: "Đồng ý", exact: true }));
    await tap(page.getByRole("button", { name: "Tôi đồng ý" }));
    await page.getByRole("heading", { name: "Đang có hiệu lực" }).waitFor();
    const officer = await tokenNamed(portal.system, "officer of qn-police");
    const ended = await call(`${portal.url}/v1/consents/${put}/revocation`, officer, {});
    expect(ended.status, JSON.stringify(ended.json)).to.equal(200);
    await page.reload();
    const overs = page.getByRole("button", { name: /^Đã kết thúc \(\d\)$/ });
    await overs.press("Enter");
    const history = await historyIn(cards.filter({ hasText: "cơ quan không dùng nữa" }));
    expect(history.map((line) => line.replace(/\s*#\d+$/, ""))).to.deep.equal([
      "cơ quan đang hỏi bạn (do cơ quan)",
      "bạn để lại quyết sau (do bạn)",
      "đã đồng ý (do bạn)",
      "cơ quan không dùng nữa (do cơ quan)",
    ]);
    await expectAccessible(page);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("where the question does not load, nothing is withdrawn, the page says so and stays; loaded anew, it asks", async () => {
    const { page, context, wrongs, acts } = await opened();
    await page.goto("/portal/consents/new");
    await page.getByRole("radio", { name: /Giấy phép xây dựng/ }).check({ force: true });
    await page.getByRole("checkbox", { name: /qn-water/ }).check({ force: true });
    await page.getByRole("checkbox", { name: "Họ và tên" }).check({ force: true });
    await page.getByRole("radio", { name: "3 tháng" }).check({ force: true });
    await tap(page.getByRole("button", { name: "Tôi đồng ý" }));
    await page.getByRole("heading", { name: "Đang có hiệu lực" }).waitFor();
    const part = "**/question-*.js";
    await page.route(part, async (route) => await route.abort());
    await page.reload();
    const withdraw = page.getByRole("button", { name: "Rút lại", exact: true });
    await tap(withdraw);
    await page.getByText(NOT_LOADED).waitFor();
    expect(await page.getByRole("dialog").count()).to.equal(0);
    await page.getByRole("heading", { name: "Đang có hiệu lực" }).waitFor();
    expect(acts, "given, and not withdrawn").to.deep.equal(["/v1/consents"]);
    await expectAccessible(page);
    await picture(page, "consent-question-not-loaded");
    await page.unroute(part);
    await page.reload();
    await tap(withdraw);
    await tap(page.getByRole("button", { name: "Có, rút lại" }));
    await page.getByText(WITHDRAWN).waitFor();
    expect(await page.getByText(NOT_LOADED).count()).to.equal(0);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
