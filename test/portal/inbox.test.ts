import { expect } from "chai";
import type { Locator } from "playwright-core";
import { AN, MESSAGE } from "../proactive/inbox/around.ts";
import { type LedgerWithInbox, startLedgerWithInbox } from "../system/ledger-with-inbox.ts";
import {
  expectAccessible,
  picture,
  type Portal,
  signedOn,
  startPortal,
  type Visitor,
  type VisitorOptions,
} from "./browser.ts";

/** A message about each of these; every test answers one of them. */
const PROCEDURES = ["DRIVER_LIC", "PASSPORT", "ID_CARD"] as const;

describe("the inbox in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  let ledger: LedgerWithInbox;
  before(async () => {
    portal = await startPortal({}, async (system, config) => {
      ledger = await startLedgerWithInbox(system, config);
      return ledger.app;
    });
    for (const procedure of PROCEDURES) await write(procedure);
  });
  after(async () => {
    await ledger.inbox.close();
    await portal.close();
  });

  async function write(procedure: string): Promise<void> {
    const caseId = `${procedure}-1`;
    await ledger.write({ ...MESSAGE, person: AN, key: `${caseId} message`, caseId, procedure });
  }

  async function opened(options: VisitorOptions = {}): Promise<Visitor> {
    return await signedOn(portal, "/portal/inbox", "citizen-1", options);
  }

  const cardOf = ({ page }: Visitor, caseId: string): Locator =>
    page.getByRole("listitem").filter({ has: page.getByText(caseId) });

  it("a person accepts what an agency prepared, after being asked once more, and sees that they did", async () => {
    const person = await opened();
    const { page, context, wrongs } = person;
    const card = cardOf(person, "DRIVER_LIC-1");
    await card.getByText(MESSAGE.text.vi).waitFor();
    await expectAccessible(page);
    await picture(page, "inbox-phone-vi");
    await card.getByRole("button", { name: "Đồng ý, làm giúp tôi" }).click();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Không, quay lại" }).click();
    expect(await card.getByText("Bạn đã đồng ý").count(), "not before the second tap").to.equal(0);
    await card.getByRole("button", { name: "Đồng ý, làm giúp tôi" }).click();
    await page.getByRole("button", { name: "Có, đồng ý" }).click();
    await card.getByText("Bạn đã đồng ý").waitFor();
    expect(await card.getByRole("button", { name: "Đồng ý, làm giúp tôi" }).count()).to.equal(0);
    await page.reload();
    await card.getByText("Bạn đã đồng ý").waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("a person says what is wrong and what it should be, without a mouse; the agency gets it, and the reading goes on at that message", async () => {
    const person = await opened({ size: "desktop", language: "en" });
    const { page, context, wrongs } = person;
    const card = cardOf(person, "PASSPORT-1");
    await card.getByRole("button", { name: "Something is wrong" }).press("Enter");
    await expectAccessible(page);
    const send = card.getByRole("button", { name: "Send to the agency" });
    expect(await send.isDisabled(), "not before it is said what").to.equal(true);
    await card.getByRole("radio", { name: "Name", exact: false }).first().press("Space");
    await card.getByRole("textbox", { name: /What it should be/ }).fill("Nguyễn Văn Án");
    await card.getByRole("textbox", { name: /What else/ }).fill("The old spelling is wrong.");
    await picture(page, "inbox-correction-desktop-en");
    await send.press("Enter");
    await card.getByText("You said that something is wrong").waitFor();
    await card.locator(":focus").waitFor();
    await expectAccessible(page);
    const kept: unknown =
      await page.evaluate(`fetch("/portal/inbox/messages", { headers: { "x-minhbach-portal": "1" } })
      .then((answer) => answer.json())
      .then(({ messages }) => messages.find(({ caseId }) => caseId === "PASSPORT-1").given)`);
    expect(kept)
      .to.have.property("correction")
      .that.deep.includes({ value: "Nguyễn Văn Án", note: "The old spelling is wrong." });
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("what was put off can still be answered, and an objection stops the matter", async () => {
    const person = await opened({ size: "desktop" });
    const card = cardOf(person, "ID_CARD-1");
    await card.getByRole("button", { name: "Để sau" }).click();
    await card.getByText("Bạn để sau").waitFor();
    await card.getByRole("button", { name: "Tôi phản đối máy tự làm" }).click();
    await person.page.getByRole("button", { name: "Có, tôi phản đối" }).click();
    await card.getByText("Bạn đã phản đối").waitFor();
    expect(person.wrongs).to.deep.equal([]);
    await person.context.close();
  });

  it("a message that is written while the page is open appears by itself", async () => {
    const person = await opened();
    await person.page.getByRole("listitem").first().waitFor();
    await ledger.write({ ...MESSAGE, person: AN, key: "live", caseId: "DRIVER_LIC-2" });
    await cardOf(person, "DRIVER_LIC-2").waitFor();
    expect(person.wrongs).to.deep.equal([]);
    await person.context.close();
  });

  it("a person says how they want to be told, is stopped at a time that is none, and finds it kept", async () => {
    const { page, context, wrongs } = await opened({ size: "desktop" });
    const open = async (): Promise<void> =>
      await page.getByRole("button", { name: "Tôi muốn được báo thế nào" }).press("Enter");
    await open();
    const from = page.getByRole("textbox", { name: "Từ" });
    const save = page.getByRole("button", { name: "Lưu" });
    await from.fill("25:00");
    await page.getByText("Viết giờ như 21:00.").waitFor();
    expect(await save.isDisabled()).to.equal(true);
    await from.fill("20:30");
    await page.getByRole("checkbox", { name: "Báo qua thư điện tử" }).press("Space");
    const chosen = await page.getByRole("checkbox", { name: "Báo qua thư điện tử" }).isChecked();
    await page.getByRole("checkbox", { name: "Giấy phép lái xe" }).press("Space");
    await save.press("Enter");
    await page.getByText("Đã lưu.").waitFor();
    await expectAccessible(page);
    await picture(page, "inbox-preferences-desktop-vi");
    await page.reload();
    await open();
    expect(await from.inputValue()).to.equal("20:30");
    expect(await page.getByRole("checkbox", { name: "Báo qua thư điện tử" }).isChecked()).to.equal(chosen);
    expect(await page.getByRole("checkbox", { name: "Giấy phép lái xe" }).isChecked()).to.equal(true);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
