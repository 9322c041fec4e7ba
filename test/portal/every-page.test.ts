/**
 * Each page of citizens and of the public, on a phone, in both languages: it is accessible in the light and in the dark, and every term of art that it
 * uses is explained on it: a new user need not go elsewhere, nor know anything before.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { further as furtherEn } from "../../portal/words/en/further.ts";
import { en } from "../../portal/words/en/index.ts";
import { further as furtherVi } from "../../portal/words/vi/further.ts";
import { vi } from "../../portal/words/vi/index.ts";
import { AN, MESSAGE } from "../proactive/inbox/around.ts";
import { call } from "../system/api.ts";
import { ACCESS } from "../system/fixture.ts";
import { type LedgerWithInbox, startLedgerWithInbox } from "../system/ledger-with-inbox.ts";
import { tokenNamed } from "../system/statements.ts";
import { expectAccessible, type Language, type Portal, signOn, startPortal, visitor } from "./browser.ts";
import { indexOf, judged } from "./recorded.ts";

/** What it is called on the pages, and by which explanation it is explained: a word that is pressed, or a text beside it that says what it is. */
const TERMS: Readonly<Record<string, Readonly<Record<Language, RegExp>>>> = {
  chain: { vi: /chuỗi khối/i, en: /blockchain/i },
  block: { vi: /(?<!chuỗi )khối (?=\d)/i, en: /\bblocks? (?=\d)/i },
  anchor: { vi: /chốt/i, en: /\bfixed\b/i },
  statement: { vi: /bản kê/i, en: /\bstatements?\b/i },
  evidence: { vi: /(?<!bộ )bằng chứng(?! (thất hứa|toán))/i, en: /\bevidence\b(?! bundle)/i },
  bundle: { vi: /bộ bằng chứng/i, en: /evidence bundle/i },
  receipt: { vi: /biên nhận/i, en: /\breceipts?\b/i },
  accusation: { vi: /tố giác/i, en: /accusation/i },
  breach: { vi: /bằng chứng thất hứa/i, en: /broken promise/i },
  index: { vi: /mục lục/i, en: /\bindex(ed)?\b/i },
  digest: { vi: /dấu vân tay/i, en: /fingerprint/i },
  trustProfile: { vi: /hồ sơ tin cậy/i, en: /trust profile/i },
  finding: { vi: /phát hiện/i, en: /\bfindings?\b/i },
  procedure: { vi: /các thủ tục/i, en: /\bprocedures\b/i },
  consent: { vi: /sự đồng ý/i, en: /\bconsents?\b/i },
  objection: { vi: /phản đối/i, en: /\bobject(ion)?\b/i },
  sealed: { vi: /niêm phong/i, en: /\bsealed\b/i },
  emergency: { vi: /khẩn cấp/i, en: /\bemergency\b/i },
  mandate: { vi: /quyền đại diện/i, en: /right to represent/i },
  csv: { vi: /\bCSV\b/, en: /\bCSV\b/ },
  json: { vi: /\bJSON/, en: /\bJSON/ },
};

/** Nobody has to know these. */
const NEVER = /\b(SHA|CORS|UTC|API|JWS|VRF|Merkle|hash|log id)\b/;

/** In the page: the texts that people read, without what is for programs or was written in English by the verifier, and what is explained there. */
const READ = `(() => {
  const main = document.querySelector("main").cloneNode(true);
  for (const technical of main.querySelectorAll("code, [lang], script, style, .quiet.small [lang]")) technical.remove();
  const explained = [...document.querySelectorAll("[data-term], [data-explains]")].filter((of) => of.checkVisibility());
  return {
    text: main.textContent,
    explained: explained.flatMap(({ dataset: { term = "", explains = "" } }) => [term, ...explains.split(" ")]),
  };
})()`;

/** The terms that the page uses and does not explain, and what nobody has to know. */
async function unexplainedOn(page: Page, language: Language, state = ""): Promise<string[]> {
  const { text, explained } = await page.evaluate<{ text: string; explained: string[] }>(READ);
  expect(text.length, "the page is there").to.be.above(40);
  const used = Object.entries(TERMS).filter(([, called]) => called[language].test(text));
  return [
    ...used.map(([name]) => name).filter((name) => !explained.includes(name)),
    ...(NEVER.exec(text)?.slice(0, 1) ?? []),
  ].map((name) => `${new URL(page.url()).pathname} ${state}: ${name}`);
}

/** In the page: the names in the navigation whose words do not stand whole beside each other, or are cut off. */
const BROKEN = `[...document.querySelectorAll("nav a, nav button")].filter((of) => of.checkVisibility()).filter((of) => {
  const text = document.createTreeWalker(of, NodeFilter.SHOW_TEXT).nextNode();
  const isBroken = [...text.data.matchAll(/\\S+/g)].some(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const { left, right } = range.getBoundingClientRect();
    const around = of.getBoundingClientRect();
    return range.getClientRects().length !== 1 || left < around.left || right > around.right;
  });
  return isBroken;
}).map(({ textContent }) => textContent)`;

/** The narrowest phones there are, and a usual one. */
const WIDTHS = [320, 360];

async function expectWholeNames(page: Page): Promise<void> {
  const usual = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 740 });
    expect(await page.evaluate(BROKEN), `names in the navigation at ${width} px`).to.deep.equal([]);
    const wider: unknown = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(wider, `${page.url()} at ${width} px`).to.be.at.most(0);
  }
  if (usual !== null) await page.setViewportSize(usual);
}

/** Many pages one after the other, on a machine that has much else to do. */
const WALK_MS = 1_800_000;

describe("every page", function () {
  this.timeout(600_000);
  let portal: Portal;
  let ledger: LedgerWithInbox;
  /** Log index of the event that is complained about, and the complaint. */
  let index: number;
  let complaint: string;
  before(async () => {
    portal = await startPortal({}, async (system, config) => {
      ledger = await startLedgerWithInbox(system, config);
      return ledger.app;
    });
    await portal.record([ACCESS]);
    await ledger.write({ ...MESSAGE, person: AN });
    await judged(portal);
    index = await indexOf(portal, 1);
    const filed = await call(`${portal.url}/v1/complaints`, await tokenNamed(portal.system, "citizen 1"), {
      ...{ index, text: "Tôi không nộp hồ sơ nào ở cơ quan này." },
    });
    expect(filed.status, JSON.stringify(filed.json)).to.equal(201);
    complaint = (filed.json["complaint"] as { id: string }).id;
  });
  after(async () => {
    await ledger.inbox.close();
    await portal.close();
  });

  /** Opens what is closed, so that everything is read. */
  async function openAll(page: Page): Promise<void> {
    const closed = page.locator("main .disclosure-button[aria-expanded=false]");
    for (let opened = 0; opened < 10 && (await closed.count()) > 0; opened++)
      await closed.first().press("Enter");
  }

  for (const language of ["vi", "en"] as const) {
    it(`explains its terms, is accessible in the light and in the dark, and has whole names in its navigation, for whoever is not signed on: ${language}`, async () => {
      const { page, context } = await visitor(portal, { language });
      const unexplained: string[] = [];
      for (const [where, last] of [
        ["/portal/", ".home-three"],
        ["/portal/log", ".figures-now .term"],
        ["/portal/statistics", "[data-explains]"],
        ["/verify", ".drop"],
      ] as const) {
        await page.goto(where);
        await page.locator(last).first().waitFor();
        unexplained.push(...(await unexplainedOn(page, language)));
        await openAll(page);
        unexplained.push(...(await unexplainedOn(page, language)));
        await expectAccessible(page);
        await expectWholeNames(page);
      }
      expect(unexplained).to.deep.equal([]);
      await context.close();
    });

    it(`does so for a citizen, and for whoever checks their file: ${language}`, async () => {
      const { page, context } = await visitor(portal, { language });
      const unexplained: string[] = [];
      await page.goto("/portal/my-data");
      await signOn(page, "citizen-1", language);
      for (const [where, last] of [
        ["/portal/my-data", ".item .badge"],
        ["/portal/my-data/print", "table"],
        ["/portal/inbox", "li.card button"],
        ["/portal/consents", "ul.rows"],
        ["/portal/consents/new", "input[type=radio]"],
        ["/portal/complaints", "li.card"],
        [`/portal/complaints/new/${index}`, "textarea"],
        [`/portal/complaints/${complaint}`, "blockquote"],
      ] as const) {
        await page.goto(where);
        await page.locator(last).first().waitFor();
        unexplained.push(...(await unexplainedOn(page, language)));
        await openAll(page);
        unexplained.push(...(await unexplainedOn(page, language)));
        await expectAccessible(page);
        await expectWholeNames(page);
      }
      const statement: unknown = await page.evaluate(`fetch("/v1/statement", { method: "POST", body: "{}",
        headers: { "x-minhbach-portal": "1", "content-type": "application/json" } }).then((answer) => answer.text())`);
      const file = path.join(portal.system.dataDir, `statement-${language}.json`);
      await writeFile(file, String(statement));
      await page.goto("/verify");
      await page.locator("input[type=file]").first().setInputFiles(file);
      await page.locator(".check-line").first().waitFor();
      await openAll(page);
      unexplained.push(...(await unexplainedOn(page, language)));
      await expectAccessible(page);
      expect(unexplained).to.deep.equal([]);
      await context.close();
    });

    it(`does so where there is nothing yet, and where something is not known, is wrong or did not come: ${language}`, async () => {
      const { page, context } = await visitor(portal, { language });
      const unexplained: string[] = [];
      const statement = "**/v1/statement";
      const states = [
        ["/portal/my-data", ".state h2", "there is nothing"],
        ["/portal/inbox", ".state h2"],
        ["/portal/consents", ".state h2"],
        ["/portal/complaints", ".state h2"],
        [`/portal/complaints/new/${index}`, ".state h2", "it is not in their list"],
        ["/portal/complaints/none", ".state h1", "there is no such complaint"],
        ["/portal/my-data", ".notice.tone-warn", "nothing is proven"],
        ["/portal/my-data", ".notice.tone-bad", "the statement is wrong"],
        ["/portal/my-data/print", ".printed-head", "a wrong statement on paper"],
        ["/portal/my-data", ".state[role=alert]", "the server does not answer"],
      ] as const;
      const before: Readonly<Record<string, () => Promise<unknown>>> = {
        "nothing is proven": async () => await context.route("**/rpc", async (route) => await route.abort()),
        "the statement is wrong": async () => {
          await context.unroute("**/rpc");
          await context.route(statement, async (route) => {
            const answer = await route.fetch();
            const text = (await answer.text()).replace(
              /"horizon":(\d+)/,
              (_, n) => `"horizon":${Number(n) + 1}`,
            );
            await route.fulfill({ response: answer, body: text });
          });
        },
        "the server does not answer": async () => {
          await context.unroute(statement);
          await context.route(statement, async (route) => await route.abort());
        },
      };
      await page.goto("/portal/my-data");
      await signOn(page, "citizen-2", language);
      for (const [where, last, state = ""] of states) {
        await before[state]?.();
        await page.goto(where);
        await page.locator(last).first().waitFor();
        await openAll(page);
        unexplained.push(...(await unexplainedOn(page, language, state)));
        // The same in both languages.
        if (language === "vi") await expectAccessible(page);
      }
      expect(unexplained).to.deep.equal([]);
      await context.close();
    }).timeout(WALK_MS);
  }

  for (const [person, language] of [
    ["inspector-1", "vi"],
    ["inspector-1", "en"],
  ] as const)
    it(`has its further names in a list that opens, by keys too, where they do not fit beside each other: ${person}, ${language}`, async () => {
      const { page, context, wrongs } = await visitor(portal, { language });
      await page.goto("/portal/search");
      await signOn(page, person, language);
      const more = page.getByRole("button", { name: language === "vi" ? "Trang khác" : "More", exact: true });
      await more.waitFor();
      const bundles = page.getByRole("link", {
        name: language === "vi" ? "Bộ bằng chứng" : "Evidence",
        exact: true,
      });
      expect(await bundles.isVisible()).to.equal(false);
      await expectWholeNames(page);
      await more.press("Enter");
      await bundles.waitFor();
      await expectWholeNames(page);
      await page.keyboard.press("Escape");
      await bundles.waitFor({ state: "hidden" });
      await more.and(page.locator(":focus")).waitFor();
      await page.keyboard.press("Enter");
      await bundles.press("Enter");
      await page.waitForURL("**/portal/bundles");
      await bundles.waitFor({ state: "hidden" });
      // The page itself comes later than its address: until then there is nothing in it that Tab could come to.
      await page.locator("main input[type=radio]").first().waitFor({ state: "attached" });
      await more.press("Enter");
      await bundles.press("Enter");
      await bundles.waitFor({ state: "hidden" });
      await more.and(page.locator(":focus")).waitFor();
      for (const leave of [
        async () => {
          for (
            let stops = 0;
            stops < 20 && (await page.locator(".shell-further :focus").count()) > 0;
            stops++
          )
            await page.keyboard.press("Tab");
          await page.locator("main :focus").waitFor();
        },
        async () => await page.locator("h1").first().dispatchEvent("pointerdown"),
      ]) {
        await more.press("Enter");
        await bundles.waitFor();
        await leave();
        await bundles.waitFor({ state: "hidden" });
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      await bundles.waitFor();
      expect(await more.isVisible(), "they fit on a desk").to.equal(false);
      expect(wrongs).to.deep.equal([]);
      await context.close();
    });

  it("has in its texts only terms that there are, and closes their marks", () => {
    for (const words of [
      { ...vi, ...furtherVi },
      { ...en, ...furtherEn },
    ])
      for (const [marked, name = "", closed = ""] of JSON.stringify(words).matchAll(
        /<(\w+)>[^<]*<\/(\w+)>/g,
      )) {
        expect(Object.keys(vi.terms), marked).to.include(name);
        expect(closed, marked).to.equal(name);
      }
  });

  it("is read here for every term that is explained anywhere, but for plain words", () => {
    const plain = [
      "horizon",
      "erased",
      "category",
      "legalBasis",
      "rule",
      "bothSides",
      "complaint",
      "officialRole",
    ];
    expect([...Object.keys(TERMS), ...plain]).to.include.members(Object.keys(vi.terms));
  });
});
