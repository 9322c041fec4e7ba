import { expect } from "chai";
import type { Page } from "playwright-core";
import { readConfig } from "../../server/config.ts";
import { ACCESS } from "../system/fixture.ts";
import { expectAccessible, picture, type Portal, signOn, startPortal, visitor } from "./browser.ts";

const ENDED = "Phiên đăng nhập đã kết thúc";
/** Long enough to sign on and to see one's data on a busy machine. */
const SESSION_MS = 30_000;
const IDLE_MS = 20_000;

/** What every script of the page could read: cookies, what is stored, and the addresses of this and earlier pages. */
const READABLE = `(async () => JSON.stringify([
  document.cookie, { ...localStorage }, { ...sessionStorage }, (await indexedDB.databases()).map(({ name }) => name), await caches.keys(),
  location.href, history.state, window.name, performance.getEntriesByType("resource").map(({ name }) => name),
]))()`;

describe("the end of a session in a browser", function () {
  this.timeout(300_000);
  const started: Portal[] = [];
  after(async () => {
    for (const portal of started) await portal.close();
  });

  async function portalWith(times: {
    readonly sessionMs?: number;
    readonly idleMs?: number;
  }): Promise<Portal> {
    const portal = await startPortal({ portal: { ...readConfig({}).portal, ...times } });
    started.push(portal);
    await portal.record([ACCESS]);
    return portal;
  }

  /** The page says that it is over, and nothing of the person is left on it. */
  async function expectEnded(page: Page): Promise<void> {
    await page.getByText(ENDED).waitFor({ timeout: SESSION_MS + 60_000 });
    expect(await page.getByText("Đã kiểm tra: không thiếu, không sửa").count()).to.equal(0);
    expect(await page.getByRole("button", { name: "Chi tiết" }).count()).to.equal(0);
    const status: unknown = await page.evaluate(
      `fetch("/v1/statement", { method: "POST", body: "{}", headers: { "x-minhbach-portal": "1", "content-type": "application/json" } }).then(({ status }) => status)`,
    );
    expect(status).to.equal(401);
    await expectAccessible(page);
  }

  it("it is announced, ends by itself while the page lies open, and signing in again leads back to the page", async () => {
    const portal = await portalWith({ sessionMs: SESSION_MS });
    const { page, context, wrongs } = await visitor(portal);
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await page.getByText(/Phiên đăng nhập sẽ kết thúc lúc/).waitFor();
    await page.getByText("Đã kiểm tra: không thiếu, không sửa").waitFor();
    expect(await page.evaluate(READABLE))
      .to.be.a("string")
      .and.not.match(/eyJ|minhbach=|code=|999199000001/);
    await expectEnded(page);
    await picture(page, "session-ended-phone-vi");
    await signOn(page, "citizen-1");
    expect(new URL(page.url()).pathname).to.equal("/portal/my-data");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("one that nobody uses ends earlier, though the page asks by itself meanwhile", async () => {
    const portal = await portalWith({ idleMs: IDLE_MS });
    const { page, context, wrongs } = await visitor(portal, { size: "desktop" });
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await expectEnded(page);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
