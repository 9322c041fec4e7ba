import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { digestOfSources } from "../../scripts/portal/sources.ts";

describe("what the portal is built from", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "minhbach-portal-"));
    await mkdir(path.join(root, "portal/pages"), { recursive: true });
    await writeFile(path.join(root, "portal/main.tsx"), "a");
    await writeFile(path.join(root, "package-lock.json"), "{}");
  });
  afterEach(async () => await rm(root, { recursive: true }));

  it("is another thing when a source, its name or a package changes, and not when only a time does", async () => {
    const seen = new Set([digestOfSources(root)]);
    await utimes(path.join(root, "portal/main.tsx"), 1, 1);
    expect(seen.has(digestOfSources(root)), "times").to.equal(true);
    for (const [file, content] of [
      ["portal/main.tsx", "b"],
      ["portal/pages/b.css", ""],
      ["portal/index.html", "b"],
      ["package-lock.json", '{"a":1}'],
    ] as const) {
      await writeFile(path.join(root, file), content);
      const digest = digestOfSources(root);
      expect(seen.has(digest), file).to.equal(false);
      seen.add(digest);
    }
    await writeFile(path.join(root, "portal/README.md"), "what is no source");
    expect(seen.has(digestOfSources(root))).to.equal(true);
  });
});
