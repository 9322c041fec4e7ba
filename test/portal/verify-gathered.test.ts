import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { hexlify, Wallet } from "ethers";
import type { Page } from "playwright-core";
import { formatGathered, type GatheredPart } from "../../protocol/gathered.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { deploy } from "../../scripts/deploy.ts";
import { httpRpc } from "../../scripts/deploy/json-rpc.ts";
import { operatorPlan } from "../../scripts/start/agencies.ts";
import { accountKey } from "../../scripts/start/keys.ts";
import type { App } from "../../server/app.ts";
import { loadSecrets, logPublicKeys, ownSourceKeys } from "../../server/secrets.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { ACCESS, fetchUntil, type LedgerSystem, startLedger } from "../system/fixture.ts";
import { about, fetchStatement, tokenNamed } from "../system/statements.ts";
import { expectAccessible, left, picture, type Portal, signedOn, startPortal, visitor } from "./browser.ts";

const GOOD = "Các bản kê này đúng: không thiếu sổ nào, không sửa gì";
const INVALID = "Đừng tin tệp này: kiểm tra không đạt";
const INCOMPLETE = "Chưa kiểm tra được hết";
const NONE_MISSING = "Không thiếu sổ nào";
const SECOND_OPERATOR = "hue-operator";

describe("the verify page and statements of several logs", function () {
  this.timeout(600_000);
  let portal: Portal;
  let second: App | undefined;
  let parts: [GatheredPart, GatheredPart];

  before(async () => {
    portal = await startPortal();
    await portal.record([ACCESS, ACCESS]);
    const other = await secondLog();
    const config = { operator: SECOND_OPERATOR, catalogueDir: CATALOGUE };
    second = await startLedger(other, { config });
    await fetchUntil(`${second.url}/ready`, 200, 120_000);
    parts = [await partOf(portal.system, portal.url, 2), await partOf(other, second.url, 1)];
  });
  after(async () => {
    await second?.close();
    await portal.close();
  });

  /** Another ledger with another log under the same registry, which has only what it says of itself. */
  async function secondLog(): Promise<LedgerSystem> {
    const { system } = portal;
    const dataDir = path.join(system.dataDir, "second");
    const secrets = loadSecrets({ dataDir, environment: "embedded" }, {});
    await mkdir(path.join(dataDir, "keys"), { recursive: true });
    const statePath = path.join(dataDir, "deployment.json");
    await copyFile(path.join(system.dataDir, "deployment.json"), statePath);
    const operator = await operatorPlan(path.join(dataDir, "keys"), ownSourceKeys(secrets));
    const deployment = await deploy({
      ...{ rpc: httpRpc(system.chain.url), statePath, agencies: [] },
      adminKey: await accountKey(path.join(system.dataDir, "keys", "account-admin")),
      log: { anchorer: new Wallet(hexlify(secrets.anchorer)).address, keys: logPublicKeys(secrets) },
      operator: { ...operator, code: SECOND_OPERATOR },
    });
    const { chain, profile } = system;
    return { dataDir, database: undefined, chain, secrets, profile: { ...profile, ...deployment } };
  }

  /** What a log holds of the citizen. */
  async function partOf(
    of: Pick<LedgerSystem, "dataDir">,
    url: string,
    horizon: number,
  ): Promise<GatheredPart> {
    const { scheme, id } = ACCESS.subject;
    const token = await tokenNamed(of, "citizen 1");
    const statement = await fetchStatement(url + about(`${scheme}:${id}`), token, horizon);
    return { log: parseStatement(statement).log, statement };
  }

  /** The same with another letter in a proof: it can still be read. */
  function changed(statement: string): string {
    const at = statement.indexOf('"vrf"') + 20;
    return `${statement.slice(0, at)}${statement[at] === "A" ? "B" : "A"}${statement.slice(at + 1)}`;
  }

  async function choose(page: Page, ...texts: readonly string[]): Promise<void> {
    const files = texts.map((text, at) => ({
      ...{ name: `${at}.json`, mimeType: "application/json", buffer: Buffer.from(text) },
    }));
    await page.locator("input[type=file]").first().setInputFiles(files);
  }

  it("takes the statements of several logs at once, as they were downloaded, and says when files do not belong together", async () => {
    const { page, context, wrongs } = await visitor(portal);
    await page.goto("/verify");
    const [first, second] = parts;
    await choose(page, first.statement, second.statement);
    await page.getByText(GOOD).waitFor();
    await page.getByText("Tệp: 0.json, 1.json").waitFor();
    await expectAccessible(page);
    await picture(page, "verify-together-phone-vi");
    await choose(page, formatGathered([first]), second.statement);
    await page.getByText(GOOD).waitFor();
    await choose(page, first.statement, first.statement);
    await page.getByText(INCOMPLETE).waitFor();
    for (const other of ["{}", `${first.statement}x`, changed(first.statement)]) {
      await choose(page, first.statement, other);
      await page.getByText("Các tệp này không kiểm tra cùng nhau được").waitFor();
    }
    await expectAccessible(page);

    const data = await page.evaluateHandle<unknown>(`(() => {
      const transfer = new DataTransfer();
      for (const text of ${JSON.stringify([first.statement, second.statement])}) transfer.items.add(new File([text], "dropped.json"));
      return transfer;
    })()`);
    await page.dispatchEvent("main", "drop", { dataTransfer: data });
    await page.getByText("Tệp: dropped.json, dropped.json").waitFor();
    await page.getByText(GOOD).waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("a citizen is told at their list that the chain has other logs", async () => {
    const visit = await signedOn(portal, "/portal/my-data", "citizen-1");
    await visit.page.getByText("Đây là bản kê của sổ số 1, trên chuỗi khối có 2 cuốn sổ.").waitFor();
    await visit.page.getByText("1 trong 1 dòng", { exact: true }).waitFor();
    await visit.page.getByText("Gộp từ 2 mục của bản kê").waitFor();
    await expectAccessible(visit.page);
    await picture(visit.page, "my-data-of-several-phone-vi");
    await left(visit);
  });

  it("shows each log's part; without one it says that a log is missing, and shows the other; a changed part is bad alone", async () => {
    const { page, context, wrongs } = await visitor(portal, { size: "desktop" });
    await page.goto("/verify");
    await page.getByText("Thả tệp vào đây").waitFor();
    const part = (logId: number) => page.getByRole("heading", { name: `Sổ số ${logId}`, exact: true });
    const noneMissing = page.locator(".check-line", { hasText: NONE_MISSING });

    await choose(page, formatGathered(parts));
    await page.getByText(GOOD).waitFor();
    for (const logId of [1, 2]) await part(logId).waitFor();
    expect(await noneMissing.innerText()).to.contain("the registry has 2 logs up to block");
    expect(await page.getByText(ACCESS.subject.id).count()).to.be.greaterThan(0);
    await expectAccessible(page);
    await picture(page, "verify-gathered");

    await choose(page, formatGathered([parts[0]]));
    await page.getByText(INCOMPLETE).waitFor();
    await part(1).waitFor();
    expect(await part(2).count()).to.equal(0);
    expect(await page.getByText(GOOD).count()).to.equal(0);
    expect(await noneMissing.innerText()).to.contain("log 2 of the registry is missing");
    await expectAccessible(page);
    await picture(page, "verify-gathered-without-one");

    const [first, other] = parts;
    await choose(page, formatGathered([first, { ...other, statement: changed(other.statement) }]));
    await page.getByText(INVALID).waitFor();
    await page.getByText("Phần này kiểm tra không đạt: đừng tin.").waitFor();
    await part(1).waitFor();
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
