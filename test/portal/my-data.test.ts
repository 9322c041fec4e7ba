import { expect } from "chai";
import { ACCESS } from "../system/fixture.ts";
import {
  expectAccessible,
  picture,
  type Portal,
  signedOn,
  signOn,
  type Size,
  SIZES,
  startPortal,
  type Visitor,
  visitor,
  type VisitorOptions,
} from "./browser.ts";

const GOOD = "Đã kiểm tra: không thiếu, không sửa";
const GOOD_EN = "Checked: nothing is missing, nothing was changed";
const BAD = "Đừng tin bản kê này: kiểm tra không đạt";
const UNKNOWN = "Chưa kiểm tra được";

describe("my data in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  before(async () => {
    portal = await startPortal();
    await portal.record(
      Array.from({ length: 12 }, (_, at) => ({
        ...ACCESS,
        exchange: { ...ACCESS.exchange, messageId: `m-${at}` },
      })),
    );
  });
  after(async () => await portal.close());

  /** Opens the page as the citizen whom the events are about. */
  async function opened(options: VisitorOptions = {}): Promise<Visitor> {
    return await signedOn(portal, "/portal/my-data", "citizen-1", options);
  }

  for (const size of Object.keys(SIZES) as Size[])
    it(`a citizen sees who used their data, and that their own browser found nothing missing: ${size}`, async () => {
      const { page, context, wrongs } = await opened({ size });
      await page.getByText(GOOD).waitFor();
      await page.getByText("Dùng dữ liệu").first().waitFor();
      await expectAccessible(page);
      await picture(page, `my-data-${size}-vi`);
      expect(wrongs).to.deep.equal([]);
      await context.close();
    });

  it("the same in English", async () => {
    const { page, context, wrongs } = await opened({ size: "desktop", language: "en" });
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).to.equal("en");
    await page.getByText(GOOD_EN).waitFor();
    await expectAccessible(page);
    await picture(page, "my-data-desktop-en");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("one byte of the statement that is changed on the way is seen, and the list is not shown as if it were good", async () => {
    const { page, context } = await visitor(portal);
    await context.route("**/v1/statement", async (route) => {
      const answer = await route.fetch();
      const body = Buffer.from(await answer.body());
      // A digit of a leaf's submission, deep in the file.
      const at = body.lastIndexOf('"jws":"') + 400;
      body[at] = body[at] === 0x41 ? 0x42 : 0x41;
      await route.fulfill({ response: answer, body });
    });
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await page.getByText(BAD).waitFor();
    expect(await page.getByText(GOOD).count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "my-data-tampered");
    await context.close();
  });

  it("while the chain cannot be asked it says that nothing is proven, and never that something is wrong or right", async () => {
    const { page, context } = await visitor(portal);
    await context.route("**/rpc", async (route) => await route.abort());
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await page.getByText(UNKNOWN).first().waitFor();
    expect(await page.getByText(GOOD).count()).to.equal(0);
    expect(await page.getByText(BAD).count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "my-data-no-chain");
    await context.close();
  });

  it("another statement than the person's own is not taken for theirs", async () => {
    const { page, context } = await visitor(portal);
    const other = await visitor(portal);
    await other.page.goto("/portal/my-data");
    await signOn(other.page, "citizen-2");
    const theirs: unknown = await other.page.evaluate(`fetch("/v1/statement", { method: "POST", body: "{}",
      headers: { "x-minhbach-portal": "1", "content-type": "application/json" } }).then((answer) => answer.text())`);
    await context.route("**/v1/statement", async (route) => {
      await route.fulfill({ contentType: "application/json", body: String(theirs) });
    });
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await page.getByText(BAD).waitFor();
    await context.close();
    await other.context.close();
  });
});
