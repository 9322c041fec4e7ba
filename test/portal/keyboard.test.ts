import { expect } from "chai";
import type { Locator, Page } from "playwright-core";
import type { Answer } from "../../proactive/inbox/message.ts";
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
import { expectFocus, expectKeyboardReaches, expectSettled, press, tabTo } from "./keys.ts";

const firstDetails = (page: Page): Locator => page.getByRole("button", { name: "Chi tiết" }).first();

/** What shows more of the page in its place. Nothing else is pressed: a button that asks a question would lead to its answer. */
const disclosures = (page: Page): Locator => page.locator("main .disclosure-button[aria-expanded=false]");

/** The case of the message that gets this answer. */
const caseOf = (answer: Answer): string => `case-${answer}`;

/** Opens the first few of these, with keys. */
async function openAll(page: Page, closed: Locator): Promise<void> {
  await closed.first().waitFor();
  for (const button of (await closed.elementHandles()).slice(0, 2)) {
    await button.press("Enter");
    await page.waitForFunction("document.activeElement?.ariaExpanded === 'true'");
  }
}

describe("the citizen's pages by keyboard alone", function () {
  this.timeout(600_000);
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
    await ledger.inbox.close();
    await portal.close();
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

  /** The pages, each with what comes last of it, and what can be opened in place. Nothing is pressed here that answers or asks anything. */
  const WALKS: readonly {
    readonly path: string;
    readonly last: (page: Page) => Locator;
    readonly opens?: (page: Page) => Locator;
  }[] = [
    { path: "/portal/", last: firstDetails, opens: disclosures },
    { path: "/portal/my-data", last: firstDetails, opens: disclosures },
    { path: "/portal/my-data/print", last: (page) => page.getByRole("table") },
    {
      path: "/portal/inbox",
      last: (page) => page.getByRole("button", { name: "Có điều sai, sửa lại" }).first(),
      opens: (page) => disclosures(page).or(page.getByRole("button", { name: "Có điều sai, sửa lại" })),
    },
    { path: "/portal/consents", last: (page) => page.getByRole("button", { name: "Phản đối" }).first() },
    { path: "/portal/consents/new", last: (page) => page.getByRole("radio").first() },
    { path: "/portal/complaints", last: (page) => page.getByText("Bạn chưa khiếu nại") },
  ];

  for (const size of Object.keys(SIZES) as Size[])
    it(`Tab comes to everything that can be used, in order, and shows where it is: ${size}`, async () => {
      const { page, context, wrongs } = await opened("/portal/my-data", size);
      const walk = async ({ last, opens }: Omit<(typeof WALKS)[number], "path">): Promise<void> => {
        await last(page).waitFor();
        if (opens !== undefined) await openAll(page, opens(page));
        await expectSettled(page);
        await expectKeyboardReaches(page);
      };
      for (const { path, ...rest } of WALKS) {
        await page.goto(path);
        await walk(rest);
      }
      await page.goto("/portal/my-data");
      await openAll(page, firstDetails(page));
      await page.getByRole("link", { name: "Khiếu nại về mục này" }).first().press("Enter");
      await walk({ last: () => page.getByRole("textbox") });
      expect(wrongs).to.deep.equal([]);
      await context.close();
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

  it("Escape closes an explanation and a question, and leaves the keyboard where it was; a question keeps it inside", async () => {
    const { page, context, wrongs } = await opened("/portal/my-data");
    const term = page.getByRole("main").getByRole("button", { name: "bản kê", exact: true }).first();
    await firstDetails(page).waitFor();
    await press(page, term);
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expectFocus(page, term);

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

  it("the list is put in another order, and searched", async () => {
    const { page, context, wrongs } = await opened("/portal/my-data");
    await press(page, page.getByRole("button", { name: "Lọc và tìm" }));
    await tabTo(page, page.getByRole("combobox", { name: "Xếp theo" }));
    await page.keyboard.press("ArrowDown");
    await page.getByRole("heading", { name: "Công an cấp tỉnh", level: 2 }).waitFor();
    await tabTo(page, page.getByRole("textbox", { name: "Tìm trong danh sách" }));
    await page.keyboard.type("không có gì như vậy");
    await press(page, page.getByRole("button", { name: "Bỏ lọc" }));
    await firstDetails(page).waitFor();
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

  describe("what an agency wrote is answered", () => {
    before(async () => {
      for (const caseId of MESSAGE.answers.map(caseOf))
        await ledger.write({ ...MESSAGE, person: AN, caseId, key: caseId });
    });

    /** Gives this answer to a message of its own by what it `does`, and finds `said` there with the keyboard beside it, also when the page is opened anew. */
    async function answered(
      answer: Answer,
      said: string,
      does: (page: Page, card: Locator) => Promise<void>,
    ): Promise<void> {
      const { page, context, wrongs } = await opened("/portal/inbox");
      const card = page.getByRole("listitem").filter({ hasText: `Mã hồ sơ ${caseOf(answer)}` });
      await does(page, card);
      await card.getByText(said).waitFor();
      await card.locator(":focus").waitFor();
      await page.reload();
      await card.getByText(said).waitFor();
      expect(wrongs).to.deep.equal([]);
      await context.close();
    }

    /** Presses what the answer is called, is asked once more, changes their mind, and then does it. */
    const asked =
      (answer: string, yes: string) =>
      async (page: Page, card: Locator): Promise<void> => {
        const button = card.getByRole("button", { name: answer });
        const question = page.getByRole("dialog");
        await press(page, button);
        await question.waitFor();
        await page.keyboard.press("Escape");
        await question.waitFor({ state: "detached" });
        await expectFocus(page, button);
        expect(await card.getByText(/Bạn đã/).count(), "not before the second press").to.equal(0);
        await page.keyboard.press("Enter");
        await press(page, question.getByRole("button", { name: yes }));
      };

    it("with yes", async () => {
      await answered("accept", "Bạn đã đồng ý", asked("Đồng ý, làm giúp tôi", "Có, đồng ý"));
    });

    it("with no", async () => {
      await answered("decline", "Bạn đã từ chối", asked("Không, tôi không cần", "Có, từ chối"));
    });

    it("with an objection", async () => {
      await answered("object", "Bạn đã phản đối", asked("Tôi phản đối máy tự làm", "Có, tôi phản đối"));
    });

    it("with later", async () => {
      await answered(
        "later",
        "Bạn để sau",
        async (page, card) => await press(page, card.getByRole("button", { name: "Để sau" })),
      );
    });

    it("with a correction", async () => {
      await answered("correct", "Bạn đã báo có điều sai", async (page, card) => {
        await press(page, card.getByRole("button", { name: "Có điều sai, sửa lại" }));
        await press(page, card.getByRole("radio").first(), "Space");
        await tabTo(page, card.getByRole("textbox", { name: /Đúng ra là/ }));
        await page.keyboard.type("Nguyễn Văn Án");
        await press(page, card.getByRole("button", { name: "Gửi cho cơ quan" }));
      });
    });
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
