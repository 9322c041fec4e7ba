import { expect } from "chai";
import fc from "fast-check";
import { fromUtf8, toBase64url, utf8 } from "../../protocol/bytes.ts";
import { formatBundle } from "../../protocol/bundle.ts";
import { parseCompactJws } from "../../protocol/jws.ts";
import { makeReceipt } from "../../protocol/receipt.ts";
import { parseSubmissionPayload } from "../../protocol/submission.ts";
import { verifyBundle } from "../../verifier/bundle.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { type Disclosure, parseDisclosure } from "../../protocol/disclosure.ts";
import { parseEvent } from "../../protocol/event.ts";
import { formatEvidence, parseEvidence, parseEvidenceFile } from "../../protocol/evidence.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import type { FacetName } from "../../protocol/facets.ts";
import { revealFacets } from "../../protocol/reveal.ts";
import { formatTlogProof, parseTlogProof } from "../../protocol/tlog-proof.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { revealCommand } from "../../cli/reveal.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { HEALTH, POLICE, PROFILE, smallLedger } from "../verifier/world.ts";
import { type Ran, runCommands } from "./command-line.ts";

/** Every value has a text that stands nowhere else. */
const WHOLE: Facets = {
  type: "access",
  subject: { scheme: "vn-cccd", id: "036198765432" },
  "subject.2": { scheme: "vn-cccd", id: "079207134689", role: "child" },
  exchange: { messageId: "mark-of-the-exchange", client: POLICE, service: "population-register" },
  "agent.id": "mark-of-the-official",
  "agent.role": "mark-of-the-role",
  data: { action: "R", personalData: ["mark-of-the-data"] },
  purpose: { procedure: "mark-of-the-purpose" },
  case: "mark-of-the-case",
  time: { occurred: "2026-03-01T08:07:06+07:00" },
  explanation: { vi: "dấu vết của lời giải thích" },
};
const MARKS: Partial<Record<FacetName, string>> = {
  subject: "036198765432",
  "subject.2": "079207134689",
  exchange: "mark-of-the-exchange",
  "agent.id": "mark-of-the-official",
  "agent.role": "mark-of-the-role",
  data: "mark-of-the-data",
  purpose: "mark-of-the-purpose",
  case: "mark-of-the-case",
  time: "08:07:06",
  explanation: "của lời giải thích",
};
const HEARTBEAT: Facets = {
  type: "heartbeat",
  heartbeat: { waiting: 0 },
  time: { occurred: "2026-03-01T08:00:00Z" },
};
const NAMES = Object.keys(WHOLE) as FacetName[];

const ledger = smallLedger({}, PROFILE, {
  submissions: [
    { source: HEALTH, first: 1, facets: () => [{ ...WHOLE, "agent.id": "another-official" }] },
    { source: POLICE, first: 1, facets: () => [WHOLE, { ...WHOLE, case: "another-case" }] },
  ],
  anchors: [{ size: 3, block: 20, time: 1_760_000_060, root: new Uint8Array() }],
});
const INDEX = 1;
const ALL = parseEvent(ledger.events[INDEX] ?? "").disclosures;

/** The text itself, and as it stands inside base64url at each of the three places a byte can have there. */
function spellingsOf(text: string): readonly string[] {
  const inside = [0, 1, 2].map((skip) => {
    const encoded = toBase64url(utf8(`${"\0".repeat(skip)}${text}`));
    return encoded.slice(skip === 0 ? 0 : skip + 1, -3);
  });
  return [text, ...inside];
}

function expectHidden(output: string, hidden: readonly Disclosure[]): void {
  for (const { text, salt, name } of hidden) {
    const mark = MARKS[name as FacetName];
    for (const secret of [text, ...spellingsOf(salt), ...(mark === undefined ? [] : spellingsOf(mark))])
      expect(output, `a trace of ${name}`).to.not.include(secret);
  }
}

describe("revealFacets", () => {
  it("leaves evidence of any part of its facets that verifies, shows these and holds no trace of the others", async function () {
    this.timeout(600_000);
    const chain = chainReader(nodeOf(ledger.state()), "node");
    await fc.assert(
      fc.asyncProperty(fc.subarray(NAMES), async (names) => {
        const output = formatEvidence(
          revealFacets(
            ledger.evidence(INDEX, () => true),
            names,
          ),
        );
        const { verdict, claim } = await verifyEvidence(output, PROFILE, chain);
        expect(verdict).to.equal("valid");
        expect(claim?.facets).to.deep.equal(Object.fromEntries(names.map((name) => [name, WHOLE[name]])));
        expect(claim?.closedDigests).to.equal(ALL.length - names.length);
        expectHidden(
          output,
          ALL.filter(({ name }) => !names.includes(name as FacetName)),
        );
      }),
      { numRuns: 60, examples: [[[]], [NAMES], ...NAMES.map((name): [FacetName[]] => [[name]])] },
    );
  });

  it("does so for every part there is", () => {
    const whole = ledger.evidence(INDEX, () => true);
    for (let bits = 0; bits < 2 ** NAMES.length; bits++) {
      const names = NAMES.filter((_, at) => ((bits >> at) & 1) === 1);
      const { event } = parseEvidence(formatEvidence(revealFacets(whole, names)));
      expect(event.disclosures.map(({ name }) => name)).to.have.members(names);
      expect(event.payloadText).to.equal(parseEvent(ledger.events[INDEX] ?? "").payloadText);
    }
  });

  it("finds the traces it looks for where they are", () => {
    const output = formatEvidence(ledger.evidence(INDEX, () => true));
    for (const disclosure of ALL) {
      expect(() => expectHidden(output, [disclosure])).to.throw("a trace of");
      if (MARKS[disclosure.name as FacetName] === undefined) continue;
      const decoded = output
        .split(/[~"]/)
        .filter((part) => part.startsWith("W"))
        .map((text) => parseDisclosure(text).name);
      expect(decoded).to.include(disclosure.name);
    }
    for (const [name, mark] of Object.entries(MARKS)) {
      const found = spellingsOf(mark).slice(1);
      expect(
        found.some((spelling) => output.includes(spelling)),
        name,
      ).to.equal(true);
    }
  });

  it("cuts a cut again, and can put nothing back", () => {
    const once = revealFacets(ledger.evidence(INDEX), ["type", "case", "time"]);
    const twice = revealFacets(once, ["time"]);
    expect(twice).to.deep.equal(revealFacets(ledger.evidence(INDEX), ["time"]));
    expect(() => revealFacets(twice, ["case"])).to.throw("does not show a facet case");
  });

  it("leaves out what a proof carries beside itself", () => {
    const file = ledger.evidence(INDEX);
    const proof = formatTlogProof({ ...parseTlogProof(file.proof), extra: utf8("036198765432") });
    expect(revealFacets({ ...file, proof }, ["time"])).to.deep.equal(revealFacets(file, ["time"]));
  });
});

describe("minhbach reveal of an evidence bundle", () => {
  const small = smallLedger({}, PROFILE, {
    submissions: [
      { source: POLICE, first: 1, facets: () => [WHOLE, { ...WHOLE, case: "other" }, HEARTBEAT] },
    ],
    anchors: [{ size: 3, block: 20, time: 1_760_000_060, root: new Uint8Array() }],
  });

  function bundle(): string {
    const items = [0, 1, 2].map((index) => {
      const evidence = small.evidence(index, () => true);
      const { src, first, count, root } = parseSubmissionPayload(
        parseCompactJws(evidence.submission.jws, "submission+jws").payload,
      );
      const times = { time: 1_759_999_995, anchorBy: 1_760_000_100, indexBy: 0 };
      const receipt = makeReceipt(
        { log: logOf(PROFILE), src, first, count, root, index: 0, ...times },
        small.signers.receipt,
      );
      return { index, evidence, receipt, findings: [] };
    });
    const { chainId, genesisHash, anchorRegistry, agencyRegistry } = PROFILE;
    return formatBundle({
      log: logOf(PROFILE),
      madeAt: 1_760_000_500,
      madeFor: { authority: "Thanh tra tỉnh", official: "inspector-7" },
      about: "indexes",
      record: { index: 2, leaf: "A".repeat(43) },
      chain: { chainId, genesisHash, anchorRegistry, agencyRegistry },
      items,
    });
  }

  it("cuts each event in it to those of the facets that it shows, and the bundle still verifies", async () => {
    const args = ["reveal", "b.ndjson", "--facets", "time,data"];
    const { code, out } = await runCommands([revealCommand], args, { "b.ndjson": bundle() });
    expect(code).to.equal(0);
    const state = { ...small.state(), times: (block: number) => 1_760_000_000 + block * 10 };
    const { verdict, claim } = await verifyBundle(out, PROFILE, chainReader(nodeOf(state), "node"));
    expect(verdict).to.equal("valid");
    expect(claim?.items.map(({ evidence }) => Object.keys(evidence.facets).sort())).to.deep.equal([
      ["data", "time"],
      ["data", "time"],
      ["time"],
    ]);
    for (const index of [0, 1]) {
      const { disclosures } = parseEvent(small.events[index] ?? "");
      expectHidden(
        out,
        disclosures.filter(({ name }) => name !== "time" && name !== "data"),
      );
    }
  });

  it("lists what each event shows, and refuses what none does", async () => {
    const files = { "b.ndjson": bundle() };
    const { out } = await runCommands([revealCommand], ["reveal", "b.ndjson", "--list"], files);
    expect(out.match(/^Event [123] of qn-police/gm)).to.have.length(3);
    const refused = await runCommands([revealCommand], ["reveal", "b.ndjson", "--facets", "decision"], files);
    expect(refused.code).to.equal(2);
    expect(refused.err).to.include("does not show the facet decision");
    const cut = { "b.ndjson": bundle().split("\n").slice(0, 2).join("\n") };
    const truncated = await runCommands([revealCommand], ["reveal", "b.ndjson", "--list"], cut);
    expect(truncated.code).to.equal(2);
    expect(truncated.err).to.include("b.ndjson is no evidence bundle");
  });
});

describe("minhbach reveal", () => {
  const EVIDENCE = formatEvidence(ledger.evidence(INDEX, () => true));

  function reveal(args: readonly string[], files: Record<string, string> = {}): Promise<Ran> {
    return runCommands([revealCommand], ["reveal", ...args], Object.assign(files, { "e.json": EVIDENCE }));
  }

  it("writes the cut to standard output, or to the file that is named, and says what it shows", async () => {
    const expected = formatEvidence(revealFacets(parseEvidenceFile(EVIDENCE), ["type", "time", "data"]));
    const printed = await reveal(["e.json", "--facets", "type,time,data"]);
    expect(printed).to.deep.equal({ code: 0, out: expected, err: "" });
    const files: Record<string, string> = {};
    const { code, out } = await reveal(
      ["e.json", "--facets", "type, time", "--facets", "data", "-o", "o.json"],
      files,
    );
    expect(code).to.equal(0);
    expect(out).to.include("o.json shows type, time, data");
    expect(files["o.json"]).to.equal(expected);
  });

  it("lists what the file shows, decoys not among it, and writes nothing", async () => {
    const { code, out } = await reveal(["e.json", "--list"]);
    expect(code).to.equal(0);
    expect(out).to.include("Event 1 of qn-police/r1 (0 more digests stay closed)");
    for (const name of NAMES) expect(out).to.match(new RegExp(`^  ${name.replace(".", "\\.")} `, "m"));
    expect(out).to.include("mark-of-the-case").and.to.not.include("decoy");
  });

  it("lists long and hostile values shortened and harmless", async () => {
    const hostile = smallLedger({}, PROFILE, {
      submissions: [
        { source: POLICE, first: 1, facets: () => [{ ...WHOLE, case: `\u202e${"c".repeat(100)}` }] },
      ],
      anchors: [{ size: 1, block: 20, time: 1_760_000_060, root: new Uint8Array() }],
    });
    const { out } = await reveal(["h.json", "--list"], { "h.json": hostile.text(0) });
    expect(out).to.include("\\u{202e}ccc").and.to.not.include("\u202e");
    expect(out).to.include("…");
    expect(out).to.not.include("c".repeat(70));
  });

  it("writes nothing of the file that it was not asked for into its messages", async () => {
    const { out, err } = await reveal(["e.json", "--facets", "time", "-o", "o.json"]);
    expectHidden(out + err, ALL);
  });

  const unusable: readonly [name: string, args: readonly string[], says: RegExp][] = [
    ["no file", [], /name the evidence file/],
    ["two files", ["e.json", "time"], /one file at a time/],
    ["nothing to keep", ["e.json"], /--facets; --list prints which there are/],
    ["an unknown facet", ["e.json", "--facets", "tipe"], /no facet is called "tipe"; it shows .*type/],
    ["an empty name", ["e.json", "--facets", "type,,time"], /no facet is called ""/],
    ["a decoy", ["e.json", "--facets", "type,decoy"], /no facet is called "decoy"/],
    [
      "a facet that is not there",
      ["e.json", "--facets", "type,decision"],
      /does not show the facet decision/,
    ],
    ["both at once", ["e.json", "--facets", "type", "--list"], /not both/],
    ["the file itself", ["e.json", "--facets", "type", "-o", "./e.json"], /write to another file/],
    ["a file that is not there", ["gone.json", "--list"], /gone\.json cannot be read/],
    ["a file of something else", ["x.json", "--list"], /x\.json is no evidence/],
  ];
  for (const [name, args, says] of unusable) {
    it(`ends with 2, writes nothing and says what to do: ${name}`, async () => {
      const files: Record<string, string> = { "x.json": "{}" };
      const { code, out, err } = await reveal(args, files);
      expect(code).to.equal(2);
      expect(out).to.equal("");
      expect(err.replaceAll(/\s+/g, " ")).to.match(says).and.to.include("See: minhbach reveal --help");
      expect(Object.keys(files)).to.have.members(["e.json", "x.json"]);
    });
  }

  it("refuses evidence whose disclosures open nothing of it", async () => {
    const other = ledger
      .evidence(INDEX + 1)
      .event.split("~")
      .slice(1)
      .join("~");
    const forged = { ...ledger.evidence(INDEX), event: `${ledger.evidence(INDEX).event}${other}` };
    const { code, err } = await reveal(["f.json", "--list"], { "f.json": JSON.stringify(forged) });
    expect(code).to.equal(2);
    expect(err).to.include("f.json is no evidence");
    expect(fromUtf8(utf8(err))).to.not.include("mark-of");
  });
});
