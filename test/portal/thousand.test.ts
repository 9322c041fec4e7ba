import { expect } from "chai";
import { timesOfRefresh } from "../../scripts/bench/refreshes.ts";
import { ACCESS } from "../system/fixture.ts";
import { type Portal, signOn, startPortal, visitor } from "./browser.ts";

const EVENTS = 1000;
const GOOD = "Đã kiểm tra: không thiếu, không sửa";
const AGENCIES = ["qn-justice", "qn-health", "qn-education"] as const;

describe("a long statement in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  before(async () => {
    portal = await startPortal();
    await portal.record(
      Array.from({ length: EVENTS }, (_, at) => ({
        ...ACCESS,
        exchange: {
          ...{ messageId: `m-${at}`, client: "VN/GOV/qn-police/registry" },
          service: `VN/GOV/${AGENCIES[at % AGENCIES.length] ?? ""}/register`,
        },
        time: { occurred: new Date(Date.UTC(2026, at % 10, 1 + (at % 27), 3)).toISOString() },
      })),
    );
  });
  after(async () => await portal.close());

  it(`of ${EVENTS} events is verified and shown, whole; how long that takes is printed`, async function () {
    const { page, context, wrongs } = await visitor(portal);
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    await page.getByText(GOOD).waitFor();
    const times = await timesOfRefresh(page, 5);
    const [least = 0, median = 0] = [0, 2].map((place) => times[place]);
    const { heap }: { heap: number } = JSON.parse(
      String(await page.evaluate("JSON.stringify({ heap: performance.memory.usedJSHeapSize })")),
    ) as { heap: number };
    console.log(
      `      ${EVENTS} events fetched, verified and drawn: median ${median.toFixed(0)} ms of 5, least ${least.toFixed(0)} ms; ${(heap / 1e6).toFixed(0)} MB of memory`,
    );
    await page.getByText("1.000 mục", { exact: false }).first().waitFor();
    const items = page.locator(".timeline > li");
    expect(await items.count(), "the newest at first").to.be.within(1, 100);
    for (let pages = 1; pages < 4; pages++) await page.getByRole("button", { name: /Xem thêm/ }).click();
    expect(await items.count()).to.be.greaterThan(100);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
