/** Every chart of the overview: what stands in its table is what the ledger answers, and what is drawn is what stands in the table. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import { namingBy } from "../../portal/words/naming.ts";
import { further } from "../../portal/words/vi/further.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { call } from "../system/api.ts";
import { ACCESS, openDemoRecorder } from "../system/fixture.ts";
import { type Headers, tokenNamed } from "../system/statements.ts";
import { expectAccessible, picture, type Portal, signedOn, startPortal, type Visitor } from "./browser.ts";
import { indexOf, judged, monthOf, waiting } from "./recorded.ts";

const { overview: words, kinds, states, queues: queueWords } = further.oversight;
const DAY_SECONDS = 86_400;

type Json = Readonly<Record<string, unknown>>;
/** A row of a table: what it is about, and its numbers as they are written. */
type Cells = readonly string[];

/** Looks that name no case. */
const NO_CASE = "no-case";

/** So many looks at data, each of an exchange of its own. */
const looks = (count: number, name: string, more: Partial<Facets>): readonly Facets[] =>
  Array.from({ length: count }, (_, at) => ({
    ...ACCESS,
    ...(name !== NO_CASE && { case: `QN-${name}-${at}` }),
    ...more,
    exchange: { ...ACCESS.exchange, ...more.exchange, messageId: `${name}-${at}` },
  }));

/** In the page: how far each bar of a picture reaches, of all its tones together, in pixels from the top bar to the lowest. */
const DRAWN = (tones: readonly string[]): string => `(() => {
  const canvas = document.querySelector("[data-measured] canvas");
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const style = getComputedStyle(document.documentElement);
  const colours = ${JSON.stringify(tones)}.map((tone) => style.getPropertyValue("--" + tone).trim())
    .map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const isBar = (at) => colours.some((colour) => colour.every((part, each) => Math.abs(data[at + each] - part) <= 2) && data[at + 3] > 250);
  const bars = [];
  let wasBar = false;
  for (let y = 0; y < height; y++) {
    let reach = 0;
    for (let x = 0; x < width; x++) if (isBar((y * width + x) * 4)) reach++;
    if (reach > 0 && wasBar) bars[bars.length - 1] = Math.max(bars.at(-1), reach);
    else if (reach > 0) bars.push(reach);
    wasBar = reach > 0;
  }
  return bars;
})()`;

describe("the overview of inspectors and officers", function () {
  this.timeout(600_000);
  let portal: Portal;
  let inspector: Headers;
  let officer: Headers;
  /** In which everything was recorded, such as `2026-11`. */
  let month: string;
  let naming: ReturnType<typeof namingBy>;
  /** An inspector at the overview. */
  let visit: Visitor;

  before(async () => {
    portal = await startPortal({ exchangeGraceSeconds: 1 });
    const { system, url } = portal;
    inspector = await tokenNamed(system, "inspector");
    officer = await tokenNamed(system, "officer of qn-police");
    await portal.record([
      ...looks(17, "birth", {}),
      ...looks(8, "driving", { purpose: { procedure: "DRIVER_LIC" } }),
      ...looks(3, NO_CASE, {}),
    ]);
    const hospital = await openDemoRecorder(system, url, { source: "qn-health/r1" });
    await hospital.recordAll(
      looks(11, "health", {
        purpose: { procedure: "DRIVER_LIC" },
        exchange: { ...ACCESS.exchange, client: "VN/GOV/qn-health/wards" },
      }),
    );
    await hospital.flush(AbortSignal.timeout(60_000));
    await hospital.close();
    await portal.record(looks(3, "danger", { handling: { emergency: true } }));
    await judged(portal);
    await waiting(portal, "unmatched-exchanges");
    await acts();
    await judged(portal);
    month = await monthOf(portal, 1);
    visit = await opened("inspector-1");
    const { json } = await call(`${url}/v1/catalogue`, {});
    naming = namingBy(json["catalogue"] as Parameters<typeof namingBy>[0], "vi", (code) => code);
  });
  after(async () => await portal.close());
  afterEach(() => {
    expect(visit.wrongs).to.deep.equal([]);
  });

  async function asked(path: string, by: Headers = inspector): Promise<Json> {
    const { status, json } = await call(`${portal.url}${path}`, by);
    expect(status, path).to.equal(200);
    return json;
  }

  async function told(path: string, by: Headers, body: object): Promise<Json> {
    const { status, json } = await call(`${portal.url}${path}`, by, body);
    expect(status, JSON.stringify(json)).to.equal(201);
    return json;
  }

  /** What people did about it: emergencies were reviewed, entries sealed, complaints filed and one answered. */
  async function acts(): Promise<void> {
    const emergencies = (await findings(inspector)).filter(({ kind }) => kind === "emergency-unreviewed");
    for (const [at, outcome] of ["justified", "unjustified"].entries())
      await told(`/v1/findings/${encodeURIComponent(emergencies[at]?.id ?? "")}/review`, inspector, {
        outcome,
        note: "Đã xem hồ sơ.",
      });
    const legalBasis = { law: "Bộ luật Tố tụng hình sự", article: "177" };
    const sealed = async (seq: number, days: number): Promise<string> => {
      const until = new Date(Date.now() + days * DAY_SECONDS * 1000).toISOString();
      const events = [await indexOf(portal, seq)];
      const { seal } = await told("/v1/seals", inspector, { events, until, legalBasis });
      return String((seal as Json)["id"]);
    };
    await sealed(1, 7);
    await sealed(2, 60);
    await told(`/v1/seals/${await sealed(3, 30)}/lift`, inspector, { legalBasis });
    const citizen = await tokenNamed(portal.system, "citizen 1");
    const filed: string[] = [];
    for (const seq of [5, 6, 7]) {
      const { complaint } = await told("/v1/complaints", citizen, {
        index: await indexOf(portal, seq),
        text: "Tôi không nộp hồ sơ nào.",
      });
      filed.push(String((complaint as Json)["id"]));
    }
    await told(`/v1/complaints/${filed[0] ?? ""}/answer`, officer, { text: "Cơ quan đã kiểm tra lại." });
    await told(`/v1/complaints/${filed[1] ?? ""}/withdrawal`, citizen, {});
  }

  interface Finding {
    readonly id: string;
    readonly kind: string;
    readonly state: string;
    readonly agency?: string;
  }

  async function findings(by: Headers): Promise<readonly Finding[]> {
    return (await asked("/v1/findings?limit=1000", by))["findings"] as Finding[];
  }

  async function opened(person: string): Promise<Visitor> {
    return await signedOn(portal, "/portal/oversight", person, { size: "desktop" });
  }

  /** The inspector opens the page anew; so many days later by the browser's clock what the ledger said is older. */
  async function anew(laterDays = 0): Promise<Page> {
    const { page } = visit;
    await page.clock.setFixedTime(Date.now() + laterDays * DAY_SECONDS * 1000);
    await page.reload();
    return page;
  }

  /** The numbers under a chart, without their head. */
  async function table(page: Page, title: string): Promise<readonly Cells[]> {
    await page.getByRole("img", { name: title, exact: true }).waitFor();
    const button = page.getByRole("button", { name: words.asTable.replace("{{title}}", title) });
    if ((await button.getAttribute("aria-expanded")) === "false") await button.press("Enter");
    const rows = page.getByRole("region", { name: title, exact: true }).locator("tbody tr");
    await rows.first().waitFor();
    const lines: string[][] = [];
    for (const row of await rows.all()) lines.push(await row.locator("th, td").allTextContents());
    return lines;
  }

  /** Fails where the bars are not in the proportions of the table's rows. */
  async function expectDrawn(page: Page, title: string, tones: readonly string[]): Promise<void> {
    const sums = (await table(page, title)).map(([, ...cells]) =>
      cells.reduce((sum, each) => sum + Number(each), 0),
    );
    const card = page
      .locator("section.card")
      .filter({ has: page.getByRole("img", { name: title, exact: true }) });
    await card.evaluate((element: { setAttribute: (name: string, value: string) => void }) =>
      element.setAttribute("data-measured", ""),
    );
    const bars = (await page.evaluate<number[]>(DRAWN(tones))).slice(0, sums.length);
    await card.evaluate((element: { removeAttribute: (name: string) => void }) =>
      element.removeAttribute("data-measured"),
    );
    expect(bars, `${title}: a bar for each row`).to.have.length(sums.length);
    const [longest, most] = [Math.max(...bars), Math.max(...sums)];
    // The edges between tones are blended.
    for (const [at, bar] of bars.entries())
      expect(bar, `${title}, row ${at}: ${bars.join(" ")} for ${sums.join(" ")}`).to.be.closeTo(
        ((sums[at] ?? 0) / most) * longest,
        8,
      );
  }

  const sorted = (rows: readonly Cells[]): readonly string[] => rows.map((row) => row.join(" | ")).sort();

  /** Fails unless these are the rows, the largest first. */
  function expectRows(shown: readonly Cells[], expected: readonly Cells[]): void {
    expect(sorted(shown)).to.deep.equal(sorted(expected));
    const sums = shown.map(([, ...cells]) => cells.reduce((sum, each) => sum + Number(each), 0));
    expect(sums, "the largest first").to.deep.equal(sums.toSorted((a, b) => b - a));
  }

  function counted(names: readonly string[]): readonly Cells[] {
    return [...new Set(names)].map((name) => [name, String(names.filter((each) => each === name).length)]);
  }

  /** Uses of the month by agency or procedure, as the ledger publishes them: at least so many, and what rounding may hide. */
  async function uses(by: "agency" | "procedure"): Promise<readonly Cells[]> {
    const { rows } = await asked(`/v1/statistics?month=${month}`);
    const sums: Record<string, { least: number; hidden: number }> = {};
    for (const row of rows as Json[]) {
      if (row["type"] !== "access" || row["recorded"] === undefined) continue;
      const sum = (sums[String(row[by])] ??= { least: 0, hidden: 0 });
      sum.hidden += 4;
      if (typeof row["recorded"] === "number") sum.least += row["recorded"];
    }
    const other = by === "agency" ? words.noAgency : words.other;
    return Object.entries(sums).map(([code, { least, hidden }]) => [
      code === "other" ? other : naming[by](code),
      ...[String(least), String(hidden)],
    ]);
  }

  it("draws accesses by agency and by procedure as the ledger publishes them", async () => {
    const page = await anew();
    const months = page.getByRole("combobox", { name: words.month });
    await months.selectOption(month);
    const agencies = await table(page, words.agencies);
    expectRows(agencies, await uses("agency"));
    expect(sorted(agencies)).to.include.members([`${naming.agency("qn-health")} | 10 | 4`]);
    const procedures = await table(page, words.procedures);
    expectRows(procedures, await uses("procedure"));
    expect(procedures.length).to.be.at.least(2);
    for (const title of [words.agencies, words.procedures])
      await expectDrawn(page, title, ["heat-4", "heat-1"]);
    await expectAccessible(page);
    await picture(page, "overview-uses-desktop-vi");
    // Another month has other figures, here none.
    const before = new Date(Date.parse(`${month}-15`) - 30 * DAY_SECONDS * 1000);
    await months.selectOption(before.toISOString().slice(0, 7));
    await page.getByRole("img", { name: words.agencies, exact: true }).waitFor({ state: "detached" });
    await page.getByText(words.empty).first().waitFor();
  });

  it("draws findings by kind and age, the age growing with the days", async () => {
    const open = (await findings(inspector)).filter(({ state }) => state === "open");
    const byKind = counted(
      open.map(({ kind }) => Object.entries(kinds).find(([each]) => each === kind)?.[1] ?? kind),
    );
    expect(byKind.length, "several kinds").to.be.at.least(3);
    expect(sorted(byKind)).to.include(`${kinds["no-case"]} | 3`);
    for (const [column, laterDays] of [0, 3, 15, 45].entries()) {
      const page = await anew(laterDays);
      const expected = byKind.map(([name = "", count = ""]) => [
        name,
        ...Object.keys(words.ages).map((_, at) => (at === column ? count : "0")),
      ]);
      expectRows(await table(page, words.findings), expected);
      await expectDrawn(page, words.findings, ["heat-1", "heat-2", "heat-3", "heat-4"]);
    }
  });

  it("draws exchanges that one side recorded by who has not, and how far emergencies were reviewed", async () => {
    const all = await findings(inspector);
    const page = await anew();
    const unmatched = all.filter(({ kind, state }) => kind === "unmatched-exchange" && state === "open");
    expect(unmatched.length).to.be.at.least(1);
    expectRows(
      await table(page, words.unmatched),
      counted(unmatched.map(({ agency }) => (agency === undefined ? words.noAgency : naming.agency(agency)))),
    );
    const emergencies = await table(page, words.emergencies);
    expectRows(
      emergencies,
      [states.open, states.confirmed, states.dismissed].map((state) => [state, "1"]),
    );
    for (const title of [words.unmatched, words.emergencies]) await expectDrawn(page, title, ["heat-3"]);
  });

  it("draws seals by their state and says how many end soon", async () => {
    for (const [laterDays, soon] of [
      [0, 1],
      [50, 1],
      [65, 0],
    ] as const) {
      const page = await anew(laterDays);
      expectRows(await table(page, words.seals), [
        [words.sealStates.placed, "2"],
        [words.sealStates.lifted, "1"],
      ]);
      await page.getByText(words.sealsSoon.replace("{{number}}", String(soon))).waitFor();
      await expectDrawn(page, words.seals, ["heat-3"]);
    }
  });

  it("draws the deadlines of open complaints, of what is still to be done alone", async () => {
    const { complaints } = await asked("/v1/complaints");
    for (const laterDays of [0, 60]) {
      const now = Date.now() / 1000 + laterDays * DAY_SECONDS;
      const columnOf = ({ by }: { by: number }): number =>
        by < now ? 0 : [7, 30, Infinity].findIndex((days) => by - now <= days * DAY_SECONDS) + 1;
      const expected = (["answer", "decision"] as const).map((what) => {
        const cells = Object.keys(words.dues).map(() => 0);
        for (const { state, due } of complaints as {
          state: string;
          due: Record<typeof what, { by: number }>;
        }[])
          if (state === "filed" || (state === "answered" && what === "decision")) {
            const column = columnOf(due[what]);
            cells[column] = (cells[column] ?? 0) + 1;
          }
        return [words[what], ...cells.map(String)];
      });
      const page = await anew(laterDays);
      const shown = await table(page, words.complaints);
      expect(sorted(shown)).to.deep.equal(sorted(expected));
      if (laterDays === 60)
        expect(
          shown.map(([, overdue]) => overdue),
          "all are overdue",
        ).to.deep.equal(["1", "2"]);
      await expectDrawn(page, words.complaints, ["bad", "heat-4", "heat-2", "heat-1"]);
    }
  });

  it("draws the time between anchors, and says what waits for one", async () => {
    const page = await anew();
    const shown = await table(page, words.anchors);
    const { anchors } = await asked("/v1/anchors?limit=100");
    const times = (anchors as { number: number; time: number }[]).map(
      ({ number, time }) => [number, time] as const,
    );
    const between = times
      .slice(1)
      .map(([number, time], at) => [`#${number}`, String(time - (times[at]?.[1] ?? 0))]);
    expect(shown.length, "several anchors").to.be.at.least(3);
    expect(shown.map(([name = "", seconds]) => [name.split(" ")[0], seconds])).to.deep.equal(
      // None came in between: nothing is recorded while this is looked at.
      between.slice(-40),
    );
    const { events } = await asked("/health");
    const { recorded, anchored } = events as Record<"recorded" | "anchored", number>;
    expect(recorded - anchored, "all is anchored").to.equal(0);
    const [before = "", after = ""] = words.anchorsLead.split("{{age}}");
    const lead = await page.getByText(after.split("{{lag}}")[0]?.trim() ?? "").textContent();
    expect(lead).to.match(/ \d[\d.]* /);
    expect(lead).to.contain(before.replace("{{waiting}}", "0")).and.contain(after.replace("{{lag}}", "0"));
  });

  it("says what waits, as the queues do", async () => {
    const page = await anew();
    const { queues } = await asked("/v1/queues");
    const filled = (queues as { name: string; waiting: number }[]).filter(({ waiting: many }) => many > 0);
    expect(filled.length).to.be.at.least(4);
    const tiles = page.getByRole("region", { name: words.waiting }).getByRole("listitem");
    await tiles.first().waitFor();
    expect(await tiles.locator("span:first-child, strong").allTextContents()).to.deep.equal(
      filled.flatMap(({ name, waiting: many }) => [
        Object.entries(queueWords.names).find(([each]) => each === name)?.[1],
        queueWords.waiting.replace("{{number}}", String(many)),
      ]),
    );
  });

  it("shows an officer the figures of their agency alone, and no seals", async () => {
    const { page, context, wrongs } = await opened("officer-qn-police");
    const own = await findings(officer);
    expect(own.length).to.be.below((await findings(inspector)).length);
    const open = own.filter(({ state }) => state === "open");
    expectRows(
      (await table(page, words.findings)).map(([name = "", ...cells]) => [name, cells[0] ?? ""]),
      counted(open.map(({ kind }) => Object.entries(kinds).find(([each]) => each === kind)?.[1] ?? kind)),
    );
    const emergencies = own.filter(({ kind }) => kind === "emergency-unreviewed");
    expect(await table(page, words.emergencies)).to.have.length(emergencies.length);
    expect(await page.getByRole("heading", { name: words.seals }).count()).to.equal(0);
    await expectAccessible(page);
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });
});
