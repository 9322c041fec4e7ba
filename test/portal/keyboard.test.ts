import { expect } from "chai";
import type { Page } from "playwright-core";
import { skipBecause } from "../skip-because.ts";
import { AN, MESSAGE } from "../proactive/inbox/around.ts";
import { ACCESS } from "../system/fixture.ts";
import { type LedgerWithInbox, startLedgerWithInbox } from "../system/ledger-with-inbox.ts";
import {
  expectAccessible,
  type Portal,
  SIZES,
  type Size,
  startPortal,
  type Visitor,
  visitor,
} from "./browser.ts";
import { expectFocus, expectKeyboardReaches, press, tabTo } from "./keys.ts";

describe("the citizen's pages by keyboard alone", function () {
  this.timeout(180_000);
  let portal: Portal;
  let ledger: LedgerWithInbox;
  before(async () => {
    portal = await startPortal({}, async (system, config) => {
      ledger = await startLedgerWithInbox(system, config);
      return ledger.app;
    });
    await portal.record(
      Array.from({ length: 6 }, (_, at) => ({
        ...ACCESS,
        exchange: { ...ACCESS.exchange, messageId: `m-${at}` },
      })),
    );
    await ledger.write({ ...MESSAGE, person: AN });
  });
  after(async () => {
    await portal.close();
    await ledger.inbox.close();
  });

  /** Goes there, and signs on with nothing but keys. */
  async function opened(path: string, size: Size = "desktop"): Promise<Visitor> {
    const made = await visitor(portal, { size });
    const { page } = made;
    await page.goto(path);
    await press(page, page.getByRole("main").getByRole("link", { name: "Đăng nhập", exact: true }));
    await press(page, page.locator('button[value="citizen-1"]'));
    await page.getByRole("button", { name: "Đăng xuất" }).waitFor();
    return made;
  }

  /** Opens everything that can be opened in place. */
  async function openAll(page: Page): Promise<void> {
    const closed = page.locator("main button[aria-expanded=false]:not([aria-haspopup], .term)");
    for (let opened = 0; opened < 4 && (await closed.count()) > 0; opened++)
      await closed.first().press("Enter");
  }

  describe("gone through with Tab", () => {
    before(function () {
      skipBecause(this, "now and then a Tab leads nowhere, and the cause is not found");
    });

    for (const size of Object.keys(SIZES) as Size[])
      it(`Tab comes to everything that can be used, in order, and shows where it is: ${size}`, async () => {
        const { page, context, wrongs } = await opened("/portal/my-data", size);
        await page.getByRole("button", { name: "Chi tiết" }).first().waitFor();
        await openAll(page);
        await expectKeyboardReaches(page);
        const complain = await page
          .getByRole("link", { name: "Khiếu nại về mục này" })
          .first()
          .getAttribute("href");
        for (const path of [
          "/portal/",
          "/portal/my-data/print",
          "/portal/inbox",
          "/portal/consents",
          "/portal/consents/new",
          "/portal/complaints",
          complain ?? "",
        ]) {
          await page.goto(path);
          await page.locator("main h1").waitFor();
          await page.locator("main .spinner, main .progress").first().waitFor({ state: "detached" });
          await openAll(page);
          await expectKeyboardReaches(page);
        }
        expect(wrongs).to.deep.equal([]);
        await context.close();
      });
  });

  it("the first stop skips what is on every page, and a new page is read from its beginning", async () => {
    const { page, context } = await opened("/portal/complaints");
    await page.reload();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Đến nội dung chính" });
    await expectFocus(page, skip);
    expect((await skip.boundingBox())?.y, "it is in sight").to.be.at.least(0);
    await page.keyboard.press("Enter");
    await expectFocus(page, page.getByRole("main"));
    await page.keyboard.press("Tab");
    expect(
      await page.evaluate("document.activeElement?.closest('main, footer') !== null"),
      "the navigation is skipped",
    ).to.equal(true);
    await press(page, page.getByRole("navigation").getByRole("link", { name: "Sự đồng ý" }));
    await expectFocus(page, page.getByRole("main"));
    await context.close();
  });

  it("Escape closes an explanation, a list and a question, and leaves the keyboard where it was; a question keeps it inside", async () => {
    const { page, context, wrongs } = await opened("/portal/my-data");
    const term = page.getByRole("main").getByRole("button", { name: "bản kê", exact: true });
    await press(page, term);
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expectFocus(page, term);

    const select = page.getByRole("button", { name: /Năm/ });
    await press(page, select);
    await page.getByRole("listbox").waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await page.getByRole("listbox").waitFor({ state: "detached" });
    await expectFocus(page, select);

    await page.goto("/portal/consents");
    const object = page.getByRole("button", { name: "Phản đối" }).first();
    await press(page, object);
    const question = page.getByRole("alertdialog").or(page.getByRole("dialog"));
    await question.waitFor();
    await expectAccessible(page);
    for (let stops = 0; stops < 5; stops++) {
      expect(await page.evaluate("document.activeElement?.closest('[role$=dialog]') !== null")).to.equal(
        true,
      );
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Escape");
    await question.waitFor({ state: "detached" });
    await expectFocus(page, object);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("a consent is given and withdrawn, and the keyboard goes on beside it", async () => {
    const { page, context, wrongs } = await opened("/portal/consents");
    await press(page, page.getByRole("link", { name: "Đồng ý thêm một việc" }));
    // Arrows lead through the choices, the space bar takes one.
    const permit = page.getByRole("radio", { name: /Giấy phép xây dựng/ });
    await tabTo(page, page.getByRole("radio").first());
    await page.keyboard.press("Space");
    for (let moves = 0; moves < 20 && !(await permit.isChecked()); moves++)
      await page.keyboard.press("ArrowDown");
    await press(page, page.getByRole("checkbox", { name: /qn-water/ }), "Space");
    await press(page, page.getByRole("checkbox", { name: "Họ và tên" }), "Space");
    await press(page, page.getByRole("radio", { name: "30 ngày" }), "Space");
    await press(page, page.getByRole("button", { name: "Tôi đồng ý" }));
    await page.getByRole("heading", { name: "Đang có hiệu lực" }).waitFor();
    await press(page, page.getByRole("button", { name: "Rút lại", exact: true }));
    await press(page, page.getByRole("button", { name: "Có, rút lại" }));
    await page.getByText("Đã rút lại. Lần hỏi tiếp theo của cơ quan sẽ bị từ chối.").waitFor();
    await page.getByRole("button", { name: "Rút lại", exact: true }).waitFor({ state: "detached" });
    await page.locator("main :focus").waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("an objection is made and taken back, and the person signs off", async () => {
    const { page, context, wrongs } = await opened("/portal/consents");
    const line = page.getByRole("listitem").filter({ hasText: "Giấy phép lái xe" });
    await press(page, line.getByRole("button", { name: "Phản đối" }));
    await press(page, page.getByRole("button", { name: "Có, tôi phản đối" }));
    await line.getByText("Bạn đang phản đối").waitFor();
    await press(page, line.getByRole("button", { name: "Bỏ phản đối" }));
    await press(page, page.getByRole("button", { name: "Có, bỏ phản đối" }));
    await line.getByText("Máy được tự làm").waitFor();
    await press(page, page.getByRole("button", { name: "Đăng xuất" }));
    await page.getByRole("link", { name: "Đăng nhập", exact: true }).first().waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
