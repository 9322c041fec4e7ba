/**
 * The pages in a real Chromium, against the whole running system. The browser is the one that CHROME_PATH names, or else the one from npm, which needs nothing
 * installed. Screenshots are kept in test-results/.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "chai";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Facets } from "../../protocol/facet-values.ts";
import { launchChromium } from "../../scripts/portal/chromium.ts";
import { ensurePortal } from "../../scripts/portal/fresh.ts";
import type { App } from "../../server/app.ts";
import type { Config } from "../../server/config.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "../system/fixture.ts";

const RESULTS = path.resolve(import.meta.dirname, "../../test-results");

/** What people hold in their hands, and what stands on their desks. */
export const SIZES = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 900 },
} as const;
export type Size = keyof typeof SIZES;
export type Language = "vi" | "en";

/** A ledger with its pages, and a browser to look at them. */
export interface Portal {
  readonly system: Deployed;
  readonly app: App;
  readonly url: string;
  readonly browser: Browser;
  /** Records events as the police do, and waits for the anchor that covers them. */
  readonly record: (events: readonly Facets[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Builds the pages if need be, and starts everything. The caller closes it. @param start starts another ledger than the usual one */
export async function startPortal(
  config: Partial<Config> = {},
  start: (system: Deployed, config: Partial<Config>) => Promise<App> = async (on, all) =>
    await startLedger(on, { config: all }),
): Promise<Portal> {
  await ensurePortal(() => undefined);
  const system = await deployed();
  const app = await start(system, { catalogueDir: CATALOGUE, ...config });
  await fetchUntil(`${app.url}/ready`);
  await fetchUntil(`${app.url}/v1/catalogue`);
  const browser = await launchChromium();
  return {
    ...{ system, app, url: app.url, browser },
    record: async (events) => {
      const recorder = await openDemoRecorder(system, app.url);
      const recorded = await recorder.recordAll(events);
      await recorder.flush(AbortSignal.timeout(100_000));
      const last = await recorder.receiptOf(recorded.at(-1)?.seq ?? 0);
      await recorder.close();
      await fetchUntil(`${app.url}/v1/events/${last?.index ?? ""}/evidence`);
    },
    close: async () => {
      await browser.close();
      await app.close();
      await system.destroy();
    },
  };
}

/** Somebody at a browser of their own. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What no page of ours may do: break its policy, have one that the browser does not understand, fail, or ask another host. */
  readonly wrongs: readonly string[];
}

export interface VisitorOptions {
  readonly size?: Size;
  readonly language?: Language;
}

/** How long something on a page may take to come: a machine that has much else to do is slow, and no test is about that. Less than a suite has, so that what did not come is named. */
const PATIENCE_MS = 120_000;

/** Opens a browser window of this size, which prefers this language. */
export async function visitor(
  { browser, url }: Pick<Portal, "browser" | "url">,
  { size = "phone", language = "vi" }: VisitorOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    ...{ viewport: SIZES[size], hasTouch: size === "phone", baseURL: url },
    ...{ locale: language === "vi" ? "vi-VN" : "en-GB", timezoneId: "Asia/Ho_Chi_Minh" },
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const wrongs: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => wrongs.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Refusals of the API are answers; the browser writes a line for each.
    const isRefusal = message.text().startsWith("Failed to load resource");
    const isPolicy = message.text().includes("Permissions-Policy");
    if ((message.type() === "error" && !isRefusal) || isPolicy) wrongs.push(`console: ${message.text()}`);
  });
  context.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.origin !== url && !["data:", "blob:"].includes(asked.protocol))
      wrongs.push(`request: ${asked.origin}`);
  });
  return { page, context, wrongs };
}

/** Opens the page in a window of its own and signs on there as a demo person. */
export async function signedOn(
  portal: Pick<Portal, "browser" | "url">,
  path: string,
  person: string,
  options: VisitorOptions = {},
): Promise<Visitor> {
  const made = await visitor(portal, options);
  await made.page.goto(path);
  await signOn(made.page, person, options.language);
  return made;
}

/** Closes the window, in which nothing may have gone wrong. */
export async function left({ wrongs, context }: Visitor): Promise<void> {
  expect(wrongs).to.deep.equal([]);
  await context.close();
}

/** Signs on as a demo person where the page asks for it, and comes back to that page. */
export async function signOn(page: Page, person: string, language: Language = "vi"): Promise<void> {
  const { signOn: on, signOff: off } = WORDS[language];
  await page.getByRole("main").getByRole("link", { name: on, exact: true }).click();
  await page.locator(`button[value="${person}"]`).click();
  await page.getByRole("button", { name: off }).waitFor();
}

/** What the pages call it. */
export const WORDS = {
  vi: { signOn: "Đăng nhập", signOff: "Đăng xuất" },
  en: { signOn: "Sign in", signOff: "Sign out" },
} as const;

/** Fails for every violation of the accessibility rules that a machine can see (WCAG 2.2 A and AA, and good practice); of contrast in the dark too. */
export async function expectAccessible(page: Page): Promise<void> {
  const inTheLight = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  await inTheScheme(page, "dark");
  const inTheDark = await new AxeBuilder({ page }).withRules("color-contrast").analyze();
  await inTheScheme(page, "light");
  const violations = [...inTheLight.violations, ...inTheDark.violations];
  const width: unknown = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  expect(width, `${page.url()} is wider than the window (WCAG 1.4.10)`).to.be.at.most(0);
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary ?? ""}`),
  );
  expect(found, page.url()).to.deep.equal([]);
  expect(await page.evaluate(CUT_OFF), `${page.url()} with wide text (WCAG 1.4.12)`).to.deep.equal([]);
}

/**
 * In the page: what is cut off, or stands out of its box, once text is as wide as people may set it (WCAG 1.4.12), and was not before. The text of
 * graphics and what only screen readers see are left out.
 */
const CUT_OFF = `(() => {
  const spilling = () => new Set([...document.querySelectorAll("body *")].filter((element) => {
    if (element.closest("svg, canvas, .visually-hidden") !== null || !element.checkVisibility()) return false;
    const { display, overflowX, overflowY } = getComputedStyle(element);
    if (display === "inline" || display === "contents" || element.clientWidth === 0) return false;
    const scrolls = (overflow) => overflow === "auto" || overflow === "scroll";
    return (!scrolls(overflowX) && element.scrollWidth > element.clientWidth + 1) || (!scrolls(overflowY) && element.scrollHeight > element.clientHeight + 1);
  }));
  const before = spilling();
  const wide = new CSSStyleSheet();
  wide.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }");
  document.adoptedStyleSheets.push(wide);
  const after = [...spilling()].filter((element) => !before.has(element));
  document.adoptedStyleSheets.pop();
  return after.map((element) => element.tagName + "." + element.className + ": " + element.textContent.trim().slice(0, 60));
})()`;

/** Resolves when the page is drawn in the scheme: the browser tells a page of it after the command has had its answer. */
async function inTheScheme(page: Page, colorScheme: "dark" | "light"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction(`matchMedia("(prefers-color-scheme: ${colorScheme})").matches`);
}

/** Keeps a picture of the whole page. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = path.join(RESULTS, "portal");
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
