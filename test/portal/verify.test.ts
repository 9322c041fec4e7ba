import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Page, Request } from "playwright-core";
import { toBase64url } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/sha256.node.ts";
import { verifyAddress } from "../../portal/pages/data/verify-address.ts";
import { ACCESS } from "../system/fixture.ts";
import { about, fetchStatement, tokenNamed } from "../system/statements.ts";
import {
  expectAccessible,
  type Language,
  picture,
  type Portal,
  type Size,
  startPortal,
  type Visitor,
  visitor,
} from "./browser.ts";

const WORDS = {
  vi: { statement: "Bản kê này đúng: không thiếu, không sửa", drop: "Thả tệp vào đây" },
  en: {
    statement: "This statement is right: nothing is missing, nothing was changed",
    drop: "Drop a file here",
  },
} as const;
const EVIDENCE = "Bằng chứng này đúng: mục này có trong sổ";
const INVALID = "Đừng tin tệp này: kiểm tra không đạt";
const INCOMPLETE = "Chưa kiểm tra được hết";
const NODES = "Máy của chuỗi khối để hỏi (không bắt buộc)";

/** What reads a chain, and changes nothing. */
const READS = ["eth_chainId", "eth_blockNumber", "eth_getBlockByNumber", "eth_getCode", "eth_call"];

describe("the verify page in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  let statement: string;
  let evidence: string;
  before(async () => {
    portal = await startPortal();
    await portal.record(
      Array.from({ length: 3 }, (_, at) => ({
        ...ACCESS,
        exchange: { ...ACCESS.exchange, messageId: `m-${at}` },
      })),
    );
    const { url, system } = portal;
    const { scheme, id } = ACCESS.subject;
    const token = await tokenNamed(system, "citizen 1");
    statement = await fetchStatement(url + about(`${scheme}:${id}`), token, 3);
    evidence = await (await fetch(`${url}/v1/events/0/evidence`, { headers: token })).text();
  });
  after(async () => await portal.close());

  interface Opened extends Visitor {
    /** What was asked since the page was there. */
    readonly asked: readonly Request[];
  }

  async function opened(
    path = "/verify",
    options: { size?: Size; language?: Language } = {},
  ): Promise<Opened> {
    const made = await visitor(portal, options);
    await made.page.goto(path);
    await made.page.getByText(WORDS[options.language ?? "vi"].drop).waitFor();
    await made.page.waitForLoadState("networkidle");
    const asked: Request[] = [];
    made.context.on("request", (request) => asked.push(request));
    return { ...made, asked };
  }

  async function choose(page: Page, text: string, name = "file.json"): Promise<void> {
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
  }

  /** Drops a file on the middle of the page, as from the desktop. */
  async function drop(page: Page, text: string): Promise<void> {
    const data = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(text)}], "dropped.json", { type: "application/json" }));
      return transfer;
    })()`);
    await page.dispatchEvent("main", "dragover", { dataTransfer: data });
    await page.dispatchEvent("main", "drop", { dataTransfer: data });
  }

  /** Nothing left the browser but questions that read the chain. */
  function expectOnlyReads(asked: readonly Request[], node: string, file: string): void {
    expect(asked.length).to.be.greaterThan(0);
    const parts = file.match(/[A-Za-z0-9_-]{100,}/g) ?? [];
    expect(parts.length).to.be.greaterThan(0);
    for (const request of asked) {
      const body = request.postData();
      const address = request.url();
      for (const part of parts) expect(`${address} ${body ?? ""}`.includes(part), address).to.equal(false);
      if (body === null) {
        expect(request.method(), address).to.equal("GET");
        continue;
      }
      expect(address).to.equal(node);
      const question = JSON.parse(body) as { method: string };
      expect(READS).to.include(question.method);
      expect(body.length, body).to.be.below(600);
    }
  }

  for (const [size, language] of [
    ["phone", "vi"],
    ["desktop", "vi"],
    ["desktop", "en"],
  ] as const)
    it(`a statement is checked step by step, and shown: ${size}, ${language}`, async () => {
      const { page, context, wrongs, asked } = await opened("/verify", { size, language });
      await expectAccessible(page);
      await picture(page, `verify-empty-${size}-${language}`);
      await choose(page, statement, "statement.json");
      await page.getByText(WORDS[language].statement).waitFor();
      expect(await page.locator(".check-line").count()).to.equal(17);
      expect(await page.getByText("999199000001").count()).to.be.greaterThan(0);
      await expectAccessible(page);
      await picture(page, `verify-statement-${size}-${language}`);
      expectOnlyReads(asked, `${portal.url}/rpc`, statement);
      expect(wrongs).to.deep.equal([]);
      await context.close();
    });

  it("evidence is dropped anywhere on the page; one changed byte is seen", async () => {
    const { page, context, asked } = await opened();
    await drop(page, evidence);
    await page.getByText(EVIDENCE).waitFor();
    await expectAccessible(page);
    await picture(page, "verify-evidence");
    const at = evidence.indexOf('"jws":"') + 300;
    await drop(page, evidence.slice(0, at) + (evidence[at] === "A" ? "B" : "A") + evidence.slice(at + 1));
    await page.getByText(INVALID).waitFor();
    expect(await page.getByText(EVIDENCE).count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "verify-tampered");
    expectOnlyReads(asked, `${portal.url}/rpc`, evidence);
    await context.close();
  });

  it("a scanned code names the file, and the page says whether it is that one", async () => {
    const digest = toBase64url(sha256(new TextEncoder().encode(statement)));
    const { page, context, wrongs, asked } = await opened(verifyAddress(portal.url, digest));
    await page.getByText("Bạn đã quét mã trên bản in").waitFor();
    await expectAccessible(page);
    await picture(page, "verify-scanned");
    await choose(page, statement);
    await page.getByText("Đúng là tệp của bản in").waitFor();
    await choose(page, `${statement} `);
    await page.getByText("Tệp này không phải tệp của bản in").waitFor();
    await expectAccessible(page);
    for (const request of asked) expect(request.url() + (request.postData() ?? "")).not.to.include(digest);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("what it does not know, it says so; nodes it may not ask are refused", async () => {
    const { page, context, wrongs } = await opened();
    await choose(page, "hello");
    await page.getByText("Đây không phải tệp của cuốn sổ").waitFor();
    await expectAccessible(page);
    await page.getByLabel(NODES).fill("http://chain.example");
    await page.getByText("Chỉ dùng được địa chỉ https://").waitFor();
    expect(await page.getByRole("button", { name: "Kiểm tra", exact: true }).isDisabled()).to.equal(true);
    await expectAccessible(page);
    await picture(page, "verify-unknown");
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("the keyboard alone suffices", async () => {
    const { page, context } = await opened();
    const chooser = page.waitForEvent("filechooser");
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press("Tab");
      const focused: unknown = await page.evaluate("document.activeElement.textContent");
      if (focused === "Chọn tệp") break;
    }
    await page.keyboard.press("Enter");
    await (
      await chooser
    ).setFiles({ name: "e.json", mimeType: "application/json", buffer: Buffer.from(evidence) });
    await page.getByText(EVIDENCE).waitFor();
    await context.close();
  });

  // The last: nothing is served afterwards.
  it("goes on when the server is stopped: it says that the chain cannot be asked, and checks with another node and a profile of one's own", async () => {
    const { page, context, asked } = await opened("/verify", { size: "desktop" });
    const { system, app } = portal;
    await app.close();
    await choose(page, statement);
    await page.getByText(INCOMPLETE).waitFor();
    await page.getByText("Không hỏi được chuỗi khối").waitFor();
    expect(await page.getByText(WORDS.vi.statement).count()).to.equal(0);
    expect(await page.getByText(INVALID).count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "verify-server-stopped");

    const before = asked.length;
    await page.getByLabel(NODES).fill(system.chain.url);
    await page.getByRole("button", { name: "Kiểm tra", exact: true }).click();
    await page.getByText(WORDS.vi.statement).waitFor();
    const node = new URL(system.chain.url).href;
    expectOnlyReads(asked.slice(before), node, statement);

    // The tests' own profile names the node itself.
    await page.getByLabel(NODES).fill("");
    await drop(page, await readFile(system.profileFile, "utf8"));
    await page.getByText("Tệp bạn vừa thả là hồ sơ tin cậy").waitFor();
    await page.getByText(WORDS.vi.statement).waitFor();
    expect(await page.getByText("the tests' own chain").count()).to.be.greaterThan(0);
    await page.getByRole("button", { name: "English" }).click();
    await page.getByText(WORDS.en.statement).waitFor();
    await expectAccessible(page);
    await picture(page, "verify-own-profile");
    expectOnlyReads(asked.slice(before), node, statement);
    await context.close();
  });
});
