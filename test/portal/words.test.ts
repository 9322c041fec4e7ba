import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { further as furtherEn } from "../../portal/words/en/further.ts";
import { en } from "../../portal/words/en/index.ts";
import { preferredLanguage } from "../../portal/words/languages.ts";
import { writingIn } from "../../portal/words/moments.ts";
import { further as furtherVi } from "../../portal/words/vi/further.ts";
import { vi } from "../../portal/words/vi/index.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** Every text by its key, such as `data.title`. */
function texts(words: object, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(words) as [string, unknown][]) {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    if (typeof value === "string") found.set(key, value);
    else if (typeof value === "object" && value !== null)
      for (const [k, text] of texts(value, key)) found.set(k, text);
  }
  return found;
}

const parametersIn = (text: string): string[] => [...new Set(text.match(/\{\{\w+\}\}/g))].sort();

describe("the portal's words", () => {
  // Further words may add to an area, as they do to the faults.
  const vietnamese = new Map([...texts(vi), ...texts(furtherVi)]);
  const english = new Map([...texts(en), ...texts(furtherEn)]);

  it("are there in both languages, and say something", () => {
    expect([...english.keys()]).to.have.members([...vietnamese.keys()]);
    for (const [key, text] of [...vietnamese, ...english]) expect(text.trim(), key).to.not.equal("");
  });

  it("have the same parameters in both", () => {
    for (const [key, text] of vietnamese)
      expect(parametersIn(english.get(key) ?? ""), key).to.deep.equal(parametersIn(text));
  });

  it("call a finding by one Vietnamese word, here and in whatever the ledger and its services write for people", async () => {
    expect(vi.terms.finding.word).to.equal("Phát hiện");
    const folders = ["portal", "server", "proactive", "catalogue", "protocol", "recorder", "cli", "verifier"];
    const files = folders.map((folder) => path.join(ROOT, folder, "**/*.{ts,tsx,json,yaml,html,css,md}"));
    let read = 0;
    for await (const file of glob(files)) {
      expect(await readFile(file, "utf8"), path.relative(ROOT, file)).to.not.match(/dấu\s+hiệu/i);
      read++;
    }
    expect(read).to.be.above(100);
  });

  it("call an evidence bundle by one Vietnamese name, for whoever makes one and for whoever checks it", () => {
    expect(vietnamese.get("verify.kinds.bundle")).to.equal("Bộ bằng chứng");
    for (const [key, text] of vietnamese) expect(text, key).to.not.match(/chứng\s+cứ/i);
    for (const [key, text] of texts(furtherVi.oversight.bundle))
      expect(text, key).to.not.match(/(^|\s)gói(\s|$)/i);
  });
});

describe("the portal's language", () => {
  it("is what was chosen, else the first that the browser asks for and we have, else Vietnamese", () => {
    expect(preferredLanguage("en", ["vi-VN"])).to.equal("en");
    expect(preferredLanguage(null, ["fr-FR", "en-US", "vi"])).to.equal("en");
    expect(preferredLanguage(null, ["vi-VN", "en"])).to.equal("vi");
    expect(preferredLanguage("xx", ["fr"])).to.equal("vi");
  });
});

describe("the portal's times", () => {
  const moment = Date.UTC(2026, 10, 22, 1, 5) / 1000;

  it("are written as people of the language do, with the zone", () => {
    expect(writingIn("vi", "Asia/Ho_Chi_Minh").moment(moment)).to.match(
      /22 tháng 11, 2026.*08:05.*(GMT\+7|ICT)/,
    );
    expect(writingIn("en", "Asia/Ho_Chi_Minh").moment(moment)).to.match(
      /22 November 2026.*08:05.*(GMT\+7|ICT)/,
    );
    expect(writingIn("en", "Europe/Paris").moment(moment)).to.match(/02:05.*(GMT\+1|CET)/);
  });

  it("say how far away they are, forth and back", () => {
    const { relative } = writingIn("en");
    expect(relative(moment + 3 * 86_400, moment)).to.equal("in 3 days");
    expect(relative(moment - 2 * 3600, moment)).to.equal("2 hours ago");
    expect(relative(moment + 30, moment)).to.equal("this minute");
  });
});
