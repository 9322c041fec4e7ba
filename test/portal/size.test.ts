import { expect } from "chai";
import { firstLoads } from "../../scripts/portal/first-loads.ts";
import { ensurePortal } from "../../scripts/portal/fresh.ts";

/** What a citizen's page may load at first, of JavaScript, gzipped: promised are 250 kB, and there is room below for what is to come. */
const MOST_BYTES = 225_000;

describe("the size of the portal", function () {
  this.timeout(600_000);
  before(async () => await ensurePortal(() => undefined));

  it("stays below 225 kB of JavaScript for each page that a citizen opens first, the verifier's worker included", () => {
    const { pages, languages } = firstLoads();
    expect(languages).to.equal(2);
    expect(pages.length).to.be.greaterThan(5);
    for (const { page, bytes } of pages) expect(bytes, page).to.be.below(MOST_BYTES);
  });
});
