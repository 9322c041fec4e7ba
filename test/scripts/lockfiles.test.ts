import { expect } from "chai";
import { readFile } from "node:fs/promises";
import path from "node:path";

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly optional?: boolean;
  readonly os?: string | readonly string[];
  readonly link?: boolean;
}

const ROOT = path.resolve(import.meta.dirname, "../..");

async function lockedPackages(folder: string): Promise<Readonly<Record<string, Locked>>> {
  const text = await readFile(path.join(ROOT, folder, "package-lock.json"), "utf8");
  return (JSON.parse(text) as { packages: Record<string, Locked> }).packages;
}

describe("lockfiles", () => {
  for (const folder of [".", "toolchain"]) {
    it(`${folder} names every optional package, or "npm ci" refuses to install on any platform`, async () => {
      const packages = await lockedPackages(folder);
      const missing: string[] = [];
      for (const [place, locked] of Object.entries(packages)) {
        for (const name of Object.keys(locked.optionalDependencies ?? {})) {
          // Where require() would look: below the package that wants it, then in each node_modules above.
          const parents = place
            .split("/node_modules/")
            .map((_, i, parts) => parts.slice(0, i + 1).join("/node_modules/"));
          const places = [
            ...parents.filter((parent) => parent !== "").map((parent) => `${parent}/node_modules/${name}`),
          ];
          if (![...places, `node_modules/${name}`].some((candidate) => candidate in packages))
            missing.push(name);
        }
      }
      expect(missing).to.deep.equal([]);
    });
  }

  it("toolchain installs one Node: each is optional and belongs to one platform", async () => {
    const packages = await lockedPackages("toolchain");
    const nodes = Object.entries(packages).filter(([place]) => place.startsWith("node_modules/node-"));
    expect(nodes).to.have.lengthOf(5);
    for (const [, locked] of nodes) expect(locked).to.include({ optional: true }).and.to.have.property("os");
  });
});
