/** My data where something is in doubt, or is another person's: the page says so, and nothing good beside it. */
import { expect } from "chai";
import { ACCESS } from "../system/fixture.ts";
import { expectAccessible, type Portal, signOn, startPortal, type Visitor, visitor } from "./browser.ts";

const GOOD = "Đã kiểm tra: không thiếu, không sửa";
const SOME_UNKNOWN = "Có mục chưa biết là có vấn đề hay không";
const OTHER_LOG = "Máy chủ vừa chỉ đến một cuốn sổ khác lần trước";

describe("my data in doubt, in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  before(async () => {
    portal = await startPortal();
    await portal.record([ACCESS]);
  });
  after(async () => await portal.close());

  /** Opens My data as the citizen whom the event is about. */
  async function opened(prepare: (visitor: Visitor) => Promise<void>): Promise<Visitor> {
    const made = await visitor(portal);
    await prepare(made);
    await made.page.goto("/portal/my-data");
    await signOn(made.page, "citizen-1");
    return made;
  }

  it("a fault in the worker that checks is said, and not waited for", async () => {
    const { page, context } = await opened(async (made) => {
      await made.context.route("**/portal/trust", async (route) => {
        // No text: it is no refusal, and nothing in the worker expects it.
        await route.fulfill({ contentType: "application/json", body: Buffer.from([0xff]) });
      });
    });
    await page.getByText("Trang này gặp lỗi").waitFor();
    expect(await page.getByRole("progressbar").count()).to.equal(0);
    await context.close();
  });

  it("where it is not known whether entries have a problem, it says so, and not that none has, on paper neither", async () => {
    const { page, context } = await opened(async ({ context }) => {
      await context.route("**/v1/events/findings", async (route) => {
        await route.fulfill({ status: 400, json: { code: "broken", detail: "not answered" } });
      });
    });
    await page.getByText(SOME_UNKNOWN).waitFor();
    await page.getByRole("button", { name: "Lọc và tìm" }).click();
    await page.getByText("Chỉ những mục có vấn đề").click();
    await page.getByText("0 trong 1 dòng").waitFor();
    expect(await page.getByText("Không có mục nào khớp").count()).to.equal(0);
    await expectAccessible(page);
    await page.getByRole("link", { name: "Bản in" }).click();
    await page.getByText(SOME_UNKNOWN).waitFor();
    await context.close();
  });

  it("a statement that fails its check is not printed as a list", async () => {
    const { page, context } = await opened(async ({ context }) => {
      await context.route("**/v1/statement", async (route) => {
        const answer = await route.fetch();
        const text = (await answer.text()).replace(
          /"horizon":(\d+)/,
          (_, horizon) => `"horizon":${Number(horizon) + 1}`,
        );
        await route.fulfill({ response: answer, body: text });
      });
    });
    await page.getByText("Đừng tin bản kê này").waitFor();
    await page.getByRole("link", { name: "Bản in" }).click();
    await page.getByText("Danh sách không được in").waitFor();
    expect(await page.getByRole("table").count()).to.equal(0);
    await context.close();
  });

  it("where the server names another log than the browser knows, nothing is called checked, on paper neither; once that is accepted it is", async () => {
    const { page, context } = await opened(async ({ context }) => {
      await context.addInitScript(
        'if (localStorage.getItem("minhbach.log") === null) localStorage.setItem("minhbach.log", "31337:another");',
      );
    });
    await page.getByText(OTHER_LOG).waitFor();
    await page.getByRole("link", { name: "Bản in" }).waitFor();
    expect(await page.getByText(GOOD).count()).to.equal(0);
    await page.getByRole("link", { name: "Bản in" }).click();
    await page.getByText(OTHER_LOG).waitFor();
    expect(await page.getByText(GOOD).count()).to.equal(0);
    await page.getByRole("link", { name: "Về danh sách" }).click();
    await page.getByRole("button", { name: "Tôi biết việc này, dùng cuốn sổ mới" }).click();
    await page.getByText(GOOD).waitFor();
    expect(await page.getByText(OTHER_LOG).count()).to.equal(0);
    await context.close();
  });
});
