/** My data where something is in doubt, or is another person's: the page says so, and nothing good beside it. */
import { expect } from "chai";
import { ACCESS } from "../system/fixture.ts";
import { type Portal, signOn, startPortal, type Visitor, visitor } from "./browser.ts";

describe("my data in doubt, in a browser", function () {
  this.timeout(300_000);
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
});
