/** The pages with the keyboard alone: nothing here points at anything. */
import { expect } from "chai";
import type { Locator, Page } from "playwright-core";

/** More than any page has places to stop at. */
const MOST_STOPS = 150;

/** In the page: notes what has the focus; says whether there is anything new, and what is wrong with how it shows. */
const STOP = `(async () => {
  // What changes with the focus is drawn by then.
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const element = document.activeElement;
  const stops = (globalThis.stops ??= []);
  // Within a field of several parts, such as a date.
  if (element !== null && element === stops.at(-1)) return "";
  if (element === null || element === document.body || stops.includes(element)) return undefined;
  stops.push(element);
  const name = (globalThis.nameOf = (of) => of.tagName.toLowerCase() + " " + (of.getAttribute("aria-label") ?? of.closest("label, .field")?.textContent ?? of.textContent).trim().slice(0, 40))(element);
  // Radio buttons and boxes are drawn beside the hidden input.
  const drawn = element.closest("label")?.querySelector(".mark") ?? element;
  const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) return name + ": no outline";
  // Not wholly behind something else (WCAG 2.4.11): one of the points of what is drawn is on top.
  const box = drawn.getBoundingClientRect();
  const points = [0.05, 0.5, 0.95].flatMap((x) => [0.1, 0.5, 0.9].map((y) => [box.left + box.width * x, box.top + box.height * y]));
  const isOnTop = points.some(([x, y]) => {
    const top = document.elementFromPoint(x, y);
    return top !== null && (drawn.contains(top) || top.contains(drawn));
  });
  return isOnTop ? "" : name + ": behind something, or out of sight, at " + Math.round(box.top);
})()`;

/** In the page: where Tab went back, though it went forward. */
const DISORDER = `stops.filter((stop, at) => at > 0 && stop.isConnected && stops[at - 1].isConnected &&
  !(stops[at - 1].compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING)).map(nameOf)`;

/** In the page: what can be used, is in sight, and was not reached. Arrows lead through the radio buttons of a group. */
const MISSED = `[...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")].filter((element) =>
  !element.disabled && element.type !== "radio" && element.tabIndex >= 0 && element.closest("[inert], [hidden], [aria-hidden=true]") === null &&
  element.checkVisibility() && !stops.includes(element)).map(nameOf)`;

/** Waits until nothing more is on its way to the page. */
export async function expectSettled(page: Page): Promise<void> {
  await page.locator("main").locator(".spinner, .progress").first().waitFor({ state: "detached" });
}

/** More than any page has closed parts. */
const MOST_CLOSED = 60;

/** Opens with keys whatever shows more of the page in its place, and what is closed in that; fails where something stays closed. */
export async function openAll(page: Page): Promise<void> {
  const closed = page.locator("main .disclosure-button[aria-expanded=false]");
  for (let opened = 0; opened < MOST_CLOSED && (await closed.count()) > 0; opened++)
    await closed.first().press("Enter");
  expect(await closed.allTextContents(), `${page.url()}: still closed`).to.deep.equal([]);
}

/** Goes through the whole page with Tab, and fails where something cannot be reached, is reached out of order, or does not show it. */
export async function expectKeyboardReaches(page: Page): Promise<void> {
  const where = new URL(page.url()).pathname;
  await page.evaluate("globalThis.stops = undefined");
  // The first stop of every page.
  await page.locator(".skip").focus();
  const faults: string[] = [];
  let reached = 0;
  for (; reached < MOST_STOPS; reached++) {
    const fault = await page.evaluate<string | undefined>(STOP);
    // Past the last one it leaves the document, or begins again.
    if (fault === undefined) break;
    if (fault !== "") faults.push(fault);
    await page.keyboard.press("Tab");
  }
  expect(faults, where).to.deep.equal([]);
  expect(await page.evaluate(DISORDER), where).to.deep.equal([]);
  expect(await page.evaluate(MISSED), where).to.deep.equal([]);
  expect(reached, where).to.be.within(5, MOST_STOPS - 1);
}

/** Presses Tab until this has the focus. */
export async function tabTo(page: Page, to: Locator): Promise<void> {
  await to.waitFor();
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    if ((await to.and(page.locator(":focus")).count()) > 0) return;
    await page.keyboard.press("Tab");
  }
  expect.fail(`Tab never comes to ${String(to)}`);
}

/** Goes there and presses a key. */
export async function press(page: Page, to: Locator, key = "Enter"): Promise<void> {
  await tabTo(page, to);
  await page.keyboard.press(key);
}

/** Waits until this has the focus. */
export async function expectFocus(page: Page, on: Locator): Promise<void> {
  await on.and(page.locator(":focus")).waitFor();
}
