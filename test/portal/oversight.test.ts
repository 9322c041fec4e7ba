/**
 * What inspectors and officers have before them: every condition of the search, every page of theirs and of the public by keys alone, entries in each
 * of their states, and two seals of the same id.
 */
import { expect } from "chai";
import type { Locator, Page } from "playwright-core";
import { further } from "../../portal/words/vi/further.ts";
import { vi } from "../../portal/words/vi/index.ts";
import { fromHex, toBase64url } from "../../protocol/bytes.ts";
import type { PlainEvent } from "../../protocol/facet-values.ts";
import { call } from "../system/api.ts";
import { ACCESS, fetchUntil, openDemoRecorder } from "../system/fixture.ts";
import { tokenNamed } from "../system/statements.ts";
import {
  expectAccessible,
  left,
  picture,
  type Portal,
  signedOn,
  type Size,
  SIZES,
  startPortal,
  type Visitor,
  visitor,
} from "./browser.ts";
import { expectKeyboardReaches, expectSettled, openAll } from "./keys.ts";
import { destroyed, indexOf, judged, waiting } from "./recorded.ts";

const { search: words, official: officialWords, kinds } = further.oversight;
const emergencyWord = vi.terms.emergency.word;
const { seals: sealWords, seal: sealPageWords } = further.duties;
const DAY_MS = 86_400_000;
const LEGAL_BASIS = { law: "Bộ luật Tố tụng hình sự", article: "177" };
const SYSTEM = ACCESS.exchange.client;

type Json = Readonly<Record<string, unknown>>;

const look = (name: string, more: Partial<PlainEvent> = {}): PlainEvent => ({
  ...ACCESS,
  ...more,
  exchange: { ...ACCESS.exchange, ...more.exchange, messageId: name },
});

const acted = (caseId: string): PlainEvent => ({
  ...{ type: "action", subject: ACCESS.subject, case: caseId, time: ACCESS.time },
  purpose: { procedure: "PASSPORT" },
});

/** What the police recorded, by the number it has. */
const POLICE_EVENTS: readonly PlainEvent[] = [
  look("sealed", { case: "QN-sealed" }),
  look("other", {
    case: "QN-other",
    agent: { id: "officer-18", role: "registry officer" },
    purpose: { procedure: "DRIVER_LIC" },
    outcome: { code: "refused" },
  }),
  look("none"),
  look("danger", { case: "QN-danger", handling: { emergency: true } }),
  acted("QN-erased"),
  acted("QN-acted"),
];
const [SEALED, OTHER, NO_CASE, EMERGENCY, ERASED, ACTED] = [1, 2, 3, 4, 5, 6] as const;

/** A walk goes through all pages of somebody, on a machine that has much else to do. */
const WALK_MS = 1_800_000;

describe("what inspectors, officers and the public have before them", function () {
  this.timeout(600_000);
  let portal: Portal;
  let complaint: string;
  let emergency: string;
  let seal: string;
  let health: number;

  before(async () => {
    portal = await startPortal({ exchangeGraceSeconds: 1 });
    const { system, url } = portal;
    const inspector = await tokenNamed(system, "inspector");
    const officer = await tokenNamed(system, "officer of qn-police");
    const citizen = await tokenNamed(system, "citizen 1");
    const told = async (path: string, by: typeof inspector, body: object): Promise<Json> => {
      const { status, json } = await call(`${url}${path}`, by, body);
      expect(status, JSON.stringify(json)).to.equal(201);
      return json;
    };
    const idIn = (json: Json, member: string): string => String((json[member] as Json)["id"]);

    const recorder = await openDemoRecorder(system, url, { source: "qn-health/r1" });
    const [recorded] = await recorder.recordAll([
      look("health", {
        case: "QN-health",
        purpose: { procedure: "DRIVER_LIC" },
        exchange: { ...ACCESS.exchange, client: "VN/GOV/qn-health/wards" },
      }),
    ]);
    await recorder.flush(AbortSignal.timeout(60_000));
    health = (await recorder.receiptOf(recorded?.seq ?? 1))?.index ?? -1;
    await recorder.close();
    await portal.record(POLICE_EVENTS);
    await judged(portal);
    await waiting(portal, "unmatched-exchanges");

    const { findings } = (await call(`${url}/v1/findings?kind=emergency-unreviewed`, inspector)).json;
    emergency = (findings as { id: string }[])[0]?.id ?? "";
    await told(`/v1/findings/${emergency}/review`, inspector, {
      outcome: "unjustified",
      note: "Không ai gặp nguy.",
    });
    const until = new Date(Date.now() + 30 * DAY_MS).toISOString();
    const index = await indexOf(portal, SEALED);
    seal = idIn(
      await told("/v1/seals", inspector, { events: [index], until, legalBasis: LEGAL_BASIS }),
      "seal",
    );
    complaint = idIn(
      await told("/v1/complaints", citizen, {
        index: await indexOf(portal, NO_CASE),
        text: "Tôi không nộp hồ sơ nào.",
      }),
      "complaint",
    );
    await told("/v1/erasures", officer, {
      ...{ id: "e-1", events: [await indexOf(portal, ERASED)], reason: "ghi nhầm người" },
      legalBasis: { law: "91/2025/QH15", article: "14" },
    });
    await destroyed(portal, "e-1");
    // A seal of the police's own that has the id of the inspector's.
    const { leaf } = (await (
      await fetchUntil(`${url}/v1/events/${await indexOf(portal, OTHER)}`)
    ).json()) as {
      leaf: string;
    };
    await portal.record([
      {
        type: "seal",
        seal: {
          id: seal,
          state: "placed",
          leaves: [toBase64url(fromHex(leaf))],
          until,
          authority: "qn-police",
          legalBasis: LEGAL_BASIS,
        },
        time: ACCESS.time,
      },
    ]);
    await judged(portal);
  });
  after(async () => await portal.close());

  async function opened(
    path: string,
    { person = "inspector-1", size = "desktop" }: { readonly person?: string; readonly size?: Size } = {},
  ): Promise<Visitor> {
    return await signedOn(portal, path, person, { size });
  }

  /** Sends the search, and the log indexes of what it found, as they are listed. */
  async function found(page: Page): Promise<readonly number[]> {
    await page.getByRole("button", { name: words.submit, exact: true }).press("Enter");
    await page.locator("#found").waitFor();
    const titles = await page.locator("ol.found h3").allTextContents();
    return titles.map((title) => Number(/#(\d+)/.exec(title)?.[1]));
  }

  async function agenciesListed(page: Page): Promise<void> {
    await page
      .getByRole("combobox", { name: words.agency, exact: true })
      .locator("option[value=qn-health]")
      .waitFor({ state: "attached" });
  }

  const select =
    (label: string, value: string) =>
    async (page: Page): Promise<unknown> =>
      await page.getByRole("combobox", { name: label, exact: true }).selectOption(value);
  const write =
    (label: string, text: string) =>
    async (page: Page): Promise<void> =>
      await page.getByLabel(label, { exact: true }).fill(text);
  const day = (days: number): string =>
    new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh" }).format(Date.now() + days * DAY_MS);

  it("search: each condition finds what it says and nothing else, and all of them together hold", async () => {
    const at = async (...seqs: readonly number[]): Promise<readonly number[]> =>
      (await Promise.all(seqs.map(async (seq) => await indexOf(portal, seq)))).sort((a, b) => b - a);
    const visit = await opened("/portal/search");
    const { page } = visit;
    const conditions: readonly (readonly [
      name: string,
      fill: readonly ((page: Page) => Promise<unknown>)[],
      expected: readonly number[],
    ])[] = [
      ["agency", [select(words.agency, "qn-health")], [health]],
      ["procedure", [select(words.procedure, "DRIVER_LIC")], [...(await at(OTHER)), health]],
      ["case", [write(words.case, "QN-sealed")], await at(SEALED)],
      ["official", [write(words.official, "officer-18"), write(words.system, SYSTEM)], await at(OTHER)],
      ["type", [select(words.type, "action"), write(words.case, "QN-acted")], await at(ACTED)],
      ["outcome", [select(words.outcome, "refused")], await at(OTHER)],
      ["finding", [select(words.finding, "no-case")], await at(NO_CASE)],
      ["finding's state", [select(words.findingState, "confirmed")], await at(EMERGENCY)],
      [
        "emergency",
        [async (on) => await on.getByRole("checkbox", { name: words.emergency }).press("Space")],
        await at(EMERGENCY),
      ],
      ["time: from", [write(words.from, day(-1)), write(words.case, "QN-sealed")], await at(SEALED)],
      ["time: not later", [write(words.from, day(2))], []],
      ["time: not earlier", [write(words.to, day(-2))], []],
      [
        "together",
        [select(words.procedure, "DRIVER_LIC"), select(words.agency, "qn-police")],
        await at(OTHER),
      ],
    ];
    for (const [name, fill, expected] of conditions) {
      await page.goto("/portal/search");
      await agenciesListed(page);
      for (const one of fill) await one(page);
      expect(await found(page), name).to.deep.equal(expected);
    }
    await left(visit);
  });

  it("shows entries that are sealed, erased, used in an emergency and under a finding as such, accessibly", async () => {
    const visit = await opened("/portal/search");
    const { page } = visit;
    await agenciesListed(page);
    // The looks of inspectors are entries too, and a page of them is soon full.
    await select(words.agency, "qn-police")(page);
    await found(page);
    const saysOf = async (seq: number, what: string): Promise<readonly string[]> => {
      const entry = page.locator("ol.found > li").filter({ hasText: `#${await indexOf(portal, seq)} ·` });
      return await entry.locator(what).allTextContents();
    };
    expect(await saysOf(ERASED, ".badge")).to.deep.equal([words.erased]);
    expect(await saysOf(EMERGENCY, ".badge")).to.deep.equal([emergencyWord]);
    expect((await saysOf(NO_CASE, "a")).join()).to.contain(kinds["no-case"]);
    await openAll(page);
    await expectAccessible(page);
    await picture(page, "oversight-entries-desktop-vi");
    await left(visit);

    // Inspectors read what is sealed; the agency's officer is told that it is.
    const other = await opened("/portal/search", { person: "officer-qn-police", size: "phone" });
    await found(other.page);
    const sealed = other.page
      .locator("ol.found > li")
      .filter({ hasText: `#${await indexOf(portal, SEALED)} ·` });
    expect(await sealed.locator(".badge").allTextContents()).to.deep.equal([words.sealed]);
    await expectAccessible(other.page);
    await picture(other.page, "oversight-entries-phone-vi");
    await left(other);
  });

  it("an official's list is shown with the check that it is whole, and not when an entry was left out on the way", async () => {
    const visit = await opened("/portal/officials");
    const { page, context } = visit;
    const ask = async (official: string): Promise<void> => {
      await page.getByRole("textbox", { name: words.official }).fill(official);
      await page.getByRole("textbox", { name: words.system, exact: false }).fill(SYSTEM);
      await page.getByRole("button", { name: officialWords.show }).press("Enter");
    };
    await ask("officer-18");
    await page.getByText(officialWords.good).waitFor();
    const rows = page.getByRole("region", { name: officialWords.entries }).locator("tbody tr");
    expect(await rows.count()).to.equal(1);
    await openAll(page);
    for (const check of [officialWords.checks.vrf.title, officialWords.checks.entries.title])
      await page.getByText(check).first().waitFor();
    await ask("nobody-99");
    await page.getByText(officialWords.none).waitFor();

    await context.route("**/v1/statement", async (route) => {
      const answer = await route.fetch();
      const statement = (await answer.json()) as { entries: unknown[] };
      statement.entries = [];
      await route.fulfill({ response: answer, json: statement });
    });
    await ask("officer-18");
    await page
      .getByText(further.oversight.checked.bad)
      .or(page.getByText(further.oversight.checked.open))
      .waitFor();
    expect(await page.getByText(officialWords.good).count()).to.equal(0);
    expect(await page.getByRole("button", { name: officialWords.download }).count()).to.equal(0);
    await left(visit);
  });

  it("two seals of one id are two seals: only the one placed here can be changed here", async () => {
    const visit = await opened("/portal/seals");
    const { page } = visit;
    const open = page.getByRole("link", { name: new RegExp(seal) });
    await open.nth(1).waitFor();
    expect(await open.count()).to.equal(2);
    const lift = page.getByRole("button", { name: sealPageWords.lift, exact: true });
    for (const [agency, mayChange] of [
      ["qn-operator", true],
      ["qn-police", false],
    ] as const) {
      await page.goto("/portal/seals");
      await page.locator(`a[href="/portal/seals/of/${agency}/${seal}"]`).press("Enter");
      await page.getByText(seal).waitFor();
      await (mayChange ? lift : page.getByText(sealWords.others)).waitFor();
      expect(await lift.count(), agency).to.equal(mayChange ? 1 : 0);
      await expectAccessible(page);
    }
    await page.goto(`/portal/seals/of/qn-health/${seal}`);
    await page.getByText(sealWords.unknown).waitFor();
    await left(visit);
  });

  interface Walk {
    readonly path: string;
    /** What comes last of it. */
    readonly last: (page: Page) => Locator;
    /** What is done on it first. */
    readonly does?: (page: Page) => Promise<unknown>;
  }
  const link =
    (name: RegExp) =>
    (page: Page): Locator =>
      page.getByRole("main").getByRole("link", { name }).first();
  const button =
    (name: RegExp | string) =>
    (page: Page): Locator =>
      page.getByRole("main").getByRole("button", { name }).first();

  /** Those of both, each for its own. */
  const both = (): readonly Walk[] => [
    { path: "/portal/oversight", last: (page) => page.locator("canvas").nth(5) },
    { path: "/portal/queues", last: (page) => page.locator(".tile").nth(8) },
    { path: "/portal/queues/findings", last: link(/^Mở/) },
    { path: "/portal/queues/emergencies", last: (page) => page.getByRole("combobox") },
    { path: "/portal/received-complaints", last: link(/^Mở/) },
    { path: `/portal/received-complaints/${complaint}`, last: (page) => page.getByRole("textbox") },
    { path: "/portal/findings", last: link(/^Mở/) },
    { path: `/portal/findings/${emergency}`, last: link(/Soạn thông báo/) },
    { path: `/portal/findings/${emergency}/notification`, last: button(/Tải thông báo/) },
    { path: "/portal/search", last: (page) => page.locator("ol.found > li").first(), does: found },
    {
      path: "/portal/officials",
      last: button(officialWords.download),
      does: async (page) => {
        await page.getByRole("textbox", { name: words.official }).fill("officer-18");
        await page.getByRole("textbox", { name: words.system }).fill(SYSTEM);
        await button(officialWords.show)(page).press("Enter");
      },
    },
  ];
  const walksOf = (person: string): readonly Walk[] =>
    person === "officer-qn-police"
      ? [{ path: "/portal/agency", last: link(/^Mở/) }, ...both()]
      : [
          ...both(),
          { path: "/portal/seals", last: link(/^Xem/) },
          { path: "/portal/seals/new", last: button(sealPageWords.place) },
          { path: `/portal/seals/of/qn-operator/${seal}`, last: button(sealPageWords.lift) },
          { path: "/portal/bundles", last: button(further.oversight.bundle.make) },
          {
            path: "/portal/samples",
            last: (page) => page.getByText(further.oversight.samples.same),
            does: async (page) => await button(further.oversight.samples.ask)(page).press("Enter"),
          },
        ];
  const PUBLIC: readonly Walk[] = [
    { path: "/portal/", last: (page) => page.locator(".home-three") },
    { path: "/portal/log", last: (page) => page.getByText("qn-police/r1") },
    { path: "/portal/statistics", last: button(/JSON/) },
    { path: "/verify", last: (page) => page.locator(".drop") },
  ];

  async function walk(page: Page, walks: readonly Walk[], name: string, size: Size): Promise<void> {
    for (const { path, last, does } of walks) {
      await page.goto(path);
      await does?.(page);
      await last(page).waitFor();
      await openAll(page);
      await expectSettled(page);
      await expectKeyboardReaches(page);
      if (size === "phone") await expectAccessible(page);
      const kind = path.split("/").filter((part) => /^[a-z-]+$/.test(part));
      await picture(page, `${[name, ...kind].join("-")}-${size}-vi`);
    }
  }

  for (const size of Object.keys(SIZES) as Size[]) {
    // Officers have the same pages as inspectors, and one of their own.
    for (const person of ["inspector-1", "officer-qn-police"])
      it(`Tab comes to everything that can be used, in order, and shows where it is: ${person}, ${size}`, async () => {
        const visit = await opened("/portal/queues", { person, size });
        await walk(visit.page, walksOf(person), person, size);
        await left(visit);
      }).timeout(WALK_MS);

    it(`Tab comes to everything that can be used, in order, and shows where it is: anybody, ${size}`, async () => {
      const visit = await visitor(portal, { size });
      await walk(visit.page, PUBLIC, "anybody", size);
      await left(visit);
    });
  }
});
