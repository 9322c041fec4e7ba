import { readFileSync, readdirSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { validate } from "dockerfile-utils";
import { parse } from "yaml";
import { requireTool, tool } from "./tools.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CONTAINER = path.join(ROOT, "deploy/container");
const SYSTEMD = path.join(ROOT, "deploy/systemd");

/** Settings that belong to Node and systemd, not to us. */
const OTHERS = ["NODE_OPTIONS", "NODE_ENV"];

/** Names of the environment variables that are set somewhere in a file. */
function settingsIn(file: string): readonly string[] {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".service"))
    return [...text.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = ""]) => namesIn(line));
  if (file.endsWith("Containerfile"))
    return namesIn([...text.matchAll(/^ENV ((?:.*\\\n)*.*)$/gm)].map(([, lines]) => lines).join(" "));
  const { services } = parse(text, { merge: true }) as {
    readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, unknown>> }>>;
  };
  return Object.values(services).flatMap(({ environment = {} }) => Object.keys(environment));
}

function namesIn(line: string): readonly string[] {
  return [...line.matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name = ""]) => name);
}

/** The sources that read settings, as one text. */
async function sources(): Promise<string> {
  const files = ["server", "recorder", "proactive", "keys"].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => path.join(ROOT, folder, file)),
  );
  return (await Promise.all(files.map(async (file) => await readFile(file, "utf8")))).join("\n");
}

describe("the files for operators", function () {
  this.timeout(600_000);

  it("build an image by the rules for such files", async () => {
    expect(validate(readFileSync(path.join(CONTAINER, "Containerfile"), "utf8"))).to.deep.equal([]);
    expect(validate("FROM\nCOPPY . ."), "a check that cannot fail").to.not.have.length(0);
    // Prettier decides about quotes, and an extension stands before what uses it.
    const rules = ["require-quotes-in-ports", "top-level-properties-order"].flatMap((rule) => [
      "--disable-rule",
      rule,
    ]);
    const dclint = path.join(ROOT, "node_modules/dclint/bin/dclint.cjs");
    const { code, said } = await tool(process.execPath, [dclint, ...rules, "--max-warnings", "0", CONTAINER]);
    expect(code, said).to.equal(0);
  });

  it("hand the image all that its programs are made of", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "minhbach-image-"));
    try {
      const included = readFileSync(path.join(ROOT, ".dockerignore"), "utf8").matchAll(/^!([a-z.-]+)$/gm);
      for (const [, name = ""] of included)
        await cp(path.join(ROOT, name), path.join(folder, name), {
          recursive: true,
          filter: (from) => !from.endsWith("node_modules"),
        });
      await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
      // Each is read whole before it says which setting it misses.
      const programs: [file: string[], missing: string][] = [
        [["server/main.ts"], "TRUST_PROFILE"],
        [["recorder/main.ts"], "RECORDER_SOURCE"],
        [["proactive/main.ts", "inbox"], "INBOX_SECRET"],
      ];
      for (const [program, missing] of programs) {
        const env = [
          "-i",
          "ENVIRONMENT=production",
          "OIDC_ISSUER=https://sign-on.test",
          "PUBLIC_URL=https://ledger.test",
        ];
        const { code, said } = await tool("env", [...env, process.execPath, ...program], folder);
        expect(said).to.include(missing).and.not.include("ERR_MODULE");
        // What the units start nothing again for.
        expect(code).to.equal(78);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("set nothing that nobody reads", async () => {
    const text = await sources();
    const files = [
      ...readdirSync(CONTAINER).map((file) => path.join(CONTAINER, file)),
      ...readdirSync(SYSTEMD).map((file) => path.join(SYSTEMD, file)),
    ];
    for (const file of files) {
      const ours = settingsIn(file).filter((name) => !/^POSTGRES_/.test(name) && !OTHERS.includes(name));
      expect(ours, file).to.not.have.length(0);
      // A secret may come from a file: X_FILE is X.
      const unread = ours.filter(
        (name) => !text.includes(`"${name}"`) && !text.includes(`"${name.replace(/_FILE$/, "")}"`),
      );
      expect(unread, file).to.deep.equal([]);
    }
  });

  it("are units that systemd takes", async function () {
    await requireTool(this, "systemd-analyze", ["--version"]);
    for (const unit of readdirSync(SYSTEMD)) {
      const { code, said } = await tool("systemd-analyze", ["verify", "--man=no", path.join(SYSTEMD, unit)]);
      // Where Node is not /usr/bin/node, that alone is missing.
      const faults = said
        .split("\n")
        .filter((line) => line !== "" && !line.includes("/usr/bin/node is not executable"));
      expect(faults, unit).to.deep.equal([]);
      expect(code === 0 || said !== "", unit).to.equal(true);
    }
  });
});
