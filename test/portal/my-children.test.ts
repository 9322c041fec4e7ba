/** Another person's data, seen by whoever represents them: it is checked as one's own is, says whose it is, and speaks of them and not of the reader. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import { ACCESS } from "../system/fixture.ts";
import {
  expectAccessible,
  type Language,
  picture,
  type Portal,
  signOn,
  startPortal,
  type Visitor,
  visitor,
} from "./browser.ts";

const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const CHILDS = {
  subject: CHILD,
  type: "access",
  ...{ agent: ACCESS.agent, data: ACCESS.data, purpose: ACCESS.purpose, time: ACCESS.time },
} as const;
const exchange = (messageId: string) => ({ ...ACCESS.exchange, messageId });

const WORDS = {
  vi: {
    good: "Đã kiểm tra: không thiếu, không sửa",
    title: "Ai đã dùng dữ liệu của người này",
    whose: "Xem của ai",
    choices: ["Tôi", `Con: ${CHILD.id}`],
    print: "Bản in",
    scheme: "(số giấy chứng sinh)",
    complain: "Khiếu nại về mục này",
    said: [
      "đã lấy dữ liệu của người này",
      "đã hỏi dữ liệu của người này nhưng không được đưa",
      "đã làm một việc cho người này",
      "theo sự đồng ý của người này",
      "Cần sự đồng ý của người này, nhưng chưa ai đồng ý cho họ.",
      "Bản kê là của người bạn đang xem, không phải của người khác.",
    ],
    // The browser is the reader's, and so is what the reader may see.
    ofTheReader: /(dữ liệu|sự đồng ý|danh sách|giấy tờ|mục|bản kê) của bạn|(làm|việc|đồng ý) cho bạn|về bạn/i,
  },
  en: {
    good: "Checked: nothing is missing, nothing was changed",
    title: "Who has used this person's data",
    whose: "Whose data",
    choices: ["Mine", `My child: ${CHILD.id}`],
    print: "Print view",
    scheme: "(number of the birth notice)",
    complain: "Complain about this entry",
    said: [
      "got this person's data from",
      "asked for this person's data and did not get it",
      "did something for this person",
      "by this person's consent",
      "It needs this person's consent, and nobody has given it for them.",
      "The statement is of the person you are looking at, not somebody else's.",
    ],
    ofTheReader: /\byour (data|consent|list|numbers?|statement)\b|\b(for|about) you\b|\b(is|are) yours\b/i,
  },
} as const;

describe("the data of whom somebody represents, in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  before(async () => {
    portal = await startPortal();
    await portal.record([
      { ...ACCESS, exchange: exchange("own") },
      {
        type: "mandate",
        subject: { ...CHILD, role: "child" },
        "subject.2": { ...ACCESS.subject, role: "parent" },
        mandate: { id: "m-1", state: "granted", basis: "parent", validUntil: "2044-11-01T00:00:00+07:00" },
        time: ACCESS.time,
      },
      { ...CHILDS, exchange: exchange("child-1") },
      { ...CHILDS, exchange: exchange("child-2"), outcome: { code: "refused" } },
      { type: "action", ...{ subject: CHILD, purpose: ACCESS.purpose, time: ACCESS.time } },
    ]);
  });
  after(async () => await portal.close());

  /** Opens My data as the parent. */
  async function opened(
    prepare: (visitor: Visitor) => Promise<void>,
    language: Language = "vi",
  ): Promise<Visitor> {
    const made = await visitor(portal, { language });
    await prepare(made);
    await made.page.goto("/portal/my-data");
    await signOn(made.page, "citizen-1", language);
    await made.page.getByText(WORDS[language].good).waitFor();
    return made;
  }

  /** The answers say what answers may say: of one entry that there was a consent, of another that there was none. */
  async function answersOfEachKind({ context }: Visitor): Promise<void> {
    await context.route("**/v1/events/findings", async (route) => {
      const { indexes } = route.request().postDataJSON() as { indexes: readonly number[] };
      const answers = indexes.map((index, at) =>
        at % 2 === 0
          ? { index, answer: "allowed", basis: { consent: "c-1" }, findings: [] }
          : {
              ...{ index, answer: "finding" },
              findings: [
                { id: `consent-missing:${index}`, kind: "consent-missing", state: "open", since: 1 },
              ],
            },
      );
      await route.fulfill({ json: { answers } });
    });
  }

  async function openAll(page: Page): Promise<void> {
    const closed = page.locator("main .disclosure-button[aria-expanded=false]");
    while ((await closed.count()) > 0) await closed.first().press("Enter");
  }

  /** Waits for the texts, and fails for words of the person who reads where another is meant. */
  async function expectOf(page: Page, language: Language, texts: readonly string[]): Promise<void> {
    for (const text of texts) await page.getByRole("main").getByText(text).first().waitFor();
    // Without the list to choose from.
    const read = String(
      await page.evaluate(`(() => {
        const main = document.querySelector("main").cloneNode(true);
        for (const select of main.querySelectorAll("select")) select.remove();
        return main.textContent;
      })()`),
    );
    expect(WORDS[language].ofTheReader.exec(read)?.[0], page.url()).to.equal(undefined);
  }

  for (const language of ["vi", "en"] as const)
    it(`a parent chooses the child: the list is checked in the browser, says whose it is, and speaks of the child, on paper and in a complaint too: ${language}`, async () => {
      const words = WORDS[language];
      const { page, context, wrongs } = await opened(answersOfEachKind, language);
      await openAll(page);
      const own = (await page.getByRole("main").textContent()) ?? "";
      expect(own, "one's own list speaks to the reader").to.match(words.ofTheReader);
      const whose = page.getByLabel(words.whose);
      expect(await whose.locator("option").allTextContents()).to.deep.equal(words.choices);
      const asked = page.waitForRequest("**/v1/statement");
      await whose.selectOption({ label: words.choices[1] });
      expect((await asked).postDataJSON()).to.deep.equal(CHILD);
      await page.getByRole("heading", { level: 1, name: words.title }).waitFor();
      await page.getByText(words.good).waitFor();
      expect(await page.title()).to.include(words.title);
      expect(await whose.locator("option:checked").textContent()).to.equal(words.choices[1]);
      await page.locator(".item").nth(3).waitFor();
      expect(await page.locator(".item").count(), "the mandate and what was done").to.equal(4);
      await openAll(page);
      await expectOf(page, language, words.said);
      await expectAccessible(page);
      await picture(page, `my-child-phone-${language}`);
      expect(page.url()).to.not.include(CHILD.id);

      await page.getByRole("link", { name: words.print }).click();
      await page.getByText(CHILD.id).waitFor();
      await expectOf(page, language, [words.scheme, ...words.said.slice(0, 3)]);
      await page.goBack();

      await page.getByText(words.good).waitFor();
      await openAll(page);
      await page.getByRole("link", { name: words.complain }).first().click();
      await page.getByRole("textbox").waitFor();
      await expectOf(page, language, []);
      await page.goBack();

      await page.getByLabel(words.whose).selectOption({ label: words.choices[0] });
      await page.getByText(words.good).waitFor();
      await openAll(page);
      expect(await page.getByRole("main").textContent()).to.match(words.ofTheReader);
      expect(wrongs).to.deep.equal([]);
      await context.close();
    });

  it("a child's list that was changed on the way is not called checked, and one that may not be seen says so and leaves the way back", async () => {
    const { page, context, wrongs } = await opened(async () => undefined);
    const whose = page.getByLabel(WORDS.vi.whose);
    await context.route("**/v1/statement", async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace(
        /"horizon":(\d+)/,
        (_, horizon) => `"horizon":${Number(horizon) + 1}`,
      );
      await route.fulfill({ response: answer, body: text });
    });
    await whose.selectOption({ label: WORDS.vi.choices[1] });
    await page.getByText("Đừng tin bản kê này").waitFor();
    expect(await page.getByText(WORDS.vi.good).count()).to.equal(0);
    await context.unroute("**/v1/statement");
    await context.route("**/v1/statement", async (route) => {
      await route.fulfill({ status: 403, json: { code: "no-mandate", detail: "none in force" } });
    });
    await page.getByRole("button", { name: "Tải và kiểm tra lại" }).click();
    await page.getByText("Bạn không đại diện cho người này").waitFor();
    await expectAccessible(page);
    await context.unroute("**/v1/statement");
    await whose.selectOption({ label: WORDS.vi.choices[0] });
    await page.getByText(WORDS.vi.good).waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("who represents nobody has nothing to choose; where it cannot be asked whom somebody represents, that is said", async () => {
    const other = await visitor(portal);
    await other.page.goto("/portal/my-data");
    await signOn(other.page, "citizen-2");
    await other.page.getByText(WORDS.vi.good).waitFor();
    expect(await other.page.getByLabel(WORDS.vi.whose).count()).to.equal(0);
    await other.context.close();

    const { page, context } = await opened(async (made) => {
      await made.context.route("**/v1/mandates", async (route) => {
        await route.fulfill({ status: 400, json: { code: "not-answered", detail: "" } });
      });
    });
    await page.getByText("Chưa hỏi được bạn đại diện cho ai. Dưới đây là dữ liệu của chính bạn.").waitFor();
    await page.getByText("Không làm được").waitFor();
    expect(await page.getByLabel(WORDS.vi.whose).count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "my-data-no-mandates");
    await context.close();
  });
});
