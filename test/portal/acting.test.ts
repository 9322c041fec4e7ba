import { expect } from "chai";
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
} from "./browser.ts";

describe("what a citizen does in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  before(async () => {
    portal = await startPortal();
    await portal.record([ACCESS]);
  });
  after(async () => await portal.close());

  async function opened(path: string, options: VisitorOptions = {}): Promise<Visitor> {
    return await signedOn(portal, path, "citizen-1", options);
  }

  it("agrees to something, with nothing chosen beforehand, and withdraws it with two taps", async () => {
    const { page, context, wrongs } = await opened("/portal/consents/new");
    const yes = page.getByRole("button", { name: "Tôi đồng ý" });
    await page.getByRole("radio", { name: /Giấy phép xây dựng/ }).check({ force: true });
    for (const box of await page.getByRole("checkbox").all()) expect(await box.isChecked()).to.equal(false);
    await page.getByRole("checkbox", { name: /qn-water/ }).check({ force: true });
    await page.getByRole("checkbox", { name: "Họ và tên" }).check({ force: true });
    expect(await yes.count(), "not before it is said until when").to.equal(0);
    await page.getByRole("radio", { name: "3 tháng" }).check({ force: true });
    await expectAccessible(page);
    await picture(page, "consent-new-phone-vi");
    await yes.click();

    await page.getByRole("heading", { name: "Đang có hiệu lực" }).waitFor();
    await expectAccessible(page);
    await picture(page, "consents-phone-vi");
    await page.getByRole("button", { name: "Rút lại", exact: true }).click();
    await page.getByRole("button", { name: "Có, rút lại" }).click();
    await page.getByText("Đã rút lại. Lần hỏi tiếp theo của cơ quan sẽ bị từ chối.").waitFor();
    await page.getByRole("button", { name: "Đã kết thúc (1)" }).waitFor();
    expect(await page.getByRole("heading", { name: "Đang có hiệu lực" }).count()).to.equal(0);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("keeps the page when an explanation does not load, and has it when the page is loaded anew", async () => {
    const { page, context, wrongs } = await visitor(portal);
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    const failed = page.getByText(/Chưa tải được phần này của trang/);
    const part = "**/meaning-*.js";
    const word = page.getByRole("main").locator(".term").first();
    const checked = page.getByText("Đã kiểm tra: không thiếu, không sửa");
    await page.route(part, async (route) => await route.abort());
    await page.goto("/portal/my-data");
    await checked.waitFor();
    await word.click();
    await failed.waitFor();
    await expectAccessible(page);
    await page.unroute(part);
    // Chromium remembers that a module failed as long as the page lives.
    await page.reload();
    await checked.waitFor();
    await word.click();
    await page.getByRole("dialog").waitFor();
    expect(await failed.count()).to.equal(0);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("objects to machines in a procedure, and takes it back", async () => {
    const { page, context, wrongs } = await opened("/portal/consents", { size: "desktop", language: "en" });
    const line = page.getByRole("listitem").filter({ hasText: "Passport expiry" });
    await line.getByRole("button", { name: "Object" }).click();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Yes, I object" }).click();
    await line.getByText("You object").waitFor();
    await line.getByRole("button", { name: "Take it back" }).click();
    await page.getByRole("button", { name: "Yes, take the objection back" }).click();
    await line.getByText("Machines may act").waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("complains about an entry without a mouse, and sees by when whom must do what", async () => {
    const { page, context, wrongs } = await opened("/portal/my-data", { size: "desktop" });
    await page.getByRole("button", { name: "Chi tiết" }).first().press("Enter");
    await page.getByRole("link", { name: "Khiếu nại về mục này" }).first().press("Enter");
    const text = page.getByRole("textbox", { name: "Điều gì có vẻ sai?" });
    await text.waitFor();
    const send = page.getByRole("button", { name: "Gửi khiếu nại" });
    await send.press("Enter");
    await page.getByText("Hãy viết một câu.").waitFor();
    await text.fill("Tôi là 999199000001 và không nộp gì.");
    await send.press("Enter");
    await page.getByText("Ở đây không ghi số căn cước (12 chữ số).").waitFor();
    await expectAccessible(page);
    await text.fill("Tôi không nộp hồ sơ nào ở đây.");
    await send.press("Enter");
    await page.getByRole("heading", { name: "Thời hạn theo luật" }).waitFor();
    await page.getByText("Tôi không nộp hồ sơ nào ở đây.").waitFor();
    await expectAccessible(page);
    await picture(page, "complaint-desktop-vi");
    await page.getByRole("button", { name: "Rút khiếu nại" }).press("Enter");
    await page.getByRole("button", { name: "Có, rút lại" }).press("Enter");
    await page.getByText("bạn đã rút lại", { exact: false }).first().waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("prints the statement with a code that names the file, and no number of theirs stands in an address", async () => {
    const { page, context, wrongs } = await opened("/portal/my-data");
    const addresses: string[] = [];
    context.on("request", (request) => addresses.push(request.url()));
    await page.getByRole("link", { name: "Bản in" }).click();
    await page.getByRole("img", { name: /Quét mã này/ }).waitFor();
    await expectAccessible(page);
    await picture(page, "print-phone-vi");
    expect(addresses.join(" ") + page.url()).to.not.contain("999199000001");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
