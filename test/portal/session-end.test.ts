import { expect } from "chai";
import type { Page } from "playwright-core";
import { readConfig } from "../../server/config.ts";
import { ACCESS, startLedger } from "../system/fixture.ts";
import { expectAccessible, picture, type Portal, signOn, startPortal, visitor } from "./browser.ts";
import { expectKeyboardReaches, press } from "./keys.ts";

const ENDED = "Phiên đăng nhập đã kết thúc";
const GOOD = "Đã kiểm tra: không thiếu, không sửa";
/** Nobody waits for it: the test sets the time, of the server and in the browser. */
const SESSION_MS = 120_000;
const IDLE_MS = 120_000;
/** How often the page looks whether its session has ended. */
const LOOK_MS = 60_000;

/** What every script of the page could read: cookies, what is stored, and the addresses of this and earlier pages. */
const READABLE = `(async () => JSON.stringify([
  document.cookie, { ...localStorage }, { ...sessionStorage }, (await indexedDB.databases()).map(({ name }) => name), await caches.keys(),
  location.href, history.state, window.name, performance.getEntriesByType("resource").map(({ name }) => name),
]))()`;

describe("the end of a session in a browser", function () {
  this.timeout(600_000);
  const started: Portal[] = [];
  /** Added to the machine's clock. */
  let laterMs = 0;
  /** What the machine's clock showed when the server's was stopped; undefined while it goes. */
  let stoppedAt: number | undefined;
  beforeEach(() => {
    laterMs = 0;
    stoppedAt = undefined;
  });
  after(async () => {
    for (const portal of started) await portal.close();
  });

  async function portalWith(times: {
    readonly sessionMs?: number;
    readonly idleMs?: number;
  }): Promise<Portal> {
    const portal = await startPortal(
      { portal: { ...readConfig({}).portal, ...times } },
      async (system, config) =>
        await startLedger(system, { config, clock: { now: () => (stoppedAt ?? Date.now()) + laterMs } }),
    );
    started.push(portal);
    await portal.record([ACCESS]);
    return portal;
  }

  /** Waits until the list is there. From then on the server's clock goes only by `pass`, however long the machine takes. */
  async function listed(page: Page): Promise<void> {
    await page.getByText(GOOD).waitFor();
    stoppedAt = Date.now();
  }

  /** Lets time pass, for the server and for the page. */
  async function pass(page: Page, ms: number): Promise<void> {
    laterMs += ms;
    await page.clock.fastForward(ms);
  }

  /** The page says that it is over, and nothing of the person is left on it. */
  async function expectEnded(page: Page): Promise<void> {
    await page.getByText(ENDED).waitFor();
    expect(await page.getByText(GOOD).count()).to.equal(0);
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
    await page.clock.install();
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await page.getByText(/Phiên đăng nhập sẽ kết thúc lúc/).waitFor();
    await listed(page);
    expect(await page.evaluate(READABLE))
      .to.be.a("string")
      .and.not.match(/eyJ|minhbach=|code=|999199000001/);
    await pass(page, SESSION_MS);
    await expectEnded(page);
    await picture(page, "session-ended-phone-vi");
    // The sign-on service goes by the machine's clock, and would be ahead of one that stands still.
    stoppedAt = undefined;
    await signOn(page, "citizen-1");
    expect(new URL(page.url()).pathname).to.equal("/portal/my-data");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("before one that nobody uses ends, whoever is there is asked, and goes on with one press", async () => {
    const portal = await portalWith({});
    const { page, context, wrongs } = await visitor(portal);
    await page.clock.install();
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await listed(page);
    const stay = page.getByRole("button", { name: "Tôi vẫn ở đây" });
    expect(await stay.count()).to.equal(0);
    for (const ms of [readConfig({}).portal.idleMs - 2 * LOOK_MS, LOOK_MS]) {
      const looked = page.waitForResponse("**/portal/session");
      await pass(page, ms);
      await looked;
      await page.getByText("Đã lâu không có ai thao tác").waitFor();
    }
    await expectAccessible(page);
    await picture(page, "session-idle-phone-vi");
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
    expect((await stay.boundingBox())?.y, "it is in sight at the end of the page too").to.be.within(0, 200);
    await expectKeyboardReaches(page);
    await press(page, stay);
    await stay.waitFor({ state: "detached" });
    const looked = page.waitForResponse("**/portal/session");
    await pass(page, 2 * LOOK_MS);
    await looked;
    await page.getByText(GOOD).waitFor();
    expect(await page.getByText(ENDED).count()).to.equal(0);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("one that nobody uses ends earlier, though the page asks by itself meanwhile", async () => {
    const portal = await portalWith({ idleMs: IDLE_MS });
    const { page, context, wrongs } = await visitor(portal, { size: "desktop" });
    await page.clock.install();
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await listed(page);
    for (let looks = 0; looks < IDLE_MS / LOOK_MS; looks++) {
      const looked = page.waitForResponse("**/portal/session");
      await pass(page, LOOK_MS);
      await looked;
    }
    await pass(page, LOOK_MS);
    await expectEnded(page);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
