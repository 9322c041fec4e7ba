import path from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import type { Rpc } from "../../verifier/chain.ts";
import type { EvidenceReport } from "../../verifier/evidence.ts";
import type { StatementReport } from "../../verifier/statement.ts";

/** A bundle as a web page would load it. */
export interface Bundle {
  readonly code: string;
  /** The files it was made of, below the folder it was made in. */
  readonly inputs: readonly string[];
}

/** Bundles a page that verifies, for browsers. `protocol` and `verifier` are what it imports, seen from `folder`. */
export async function bundleForBrowser(folder: string, protocol: string, verifier: string): Promise<Bundle> {
  const page = `
    import { rootHash, leafHash, toHex } from "${protocol}";
    import { chainReader, parseTrustProfile, verifyEvidence, verifyStatement } from "${verifier}";
    export const emptyLeaf = () => toHex(leafHash(new Uint8Array(0)));
    export const emptyRoot = () => toHex(rootHash([]));
    export const verify = async (evidence, profile, rpc) =>
      JSON.stringify(await verifyEvidence(evidence, parseTrustProfile(profile), chainReader(rpc, "the node")));
    export const statement = async (text, profile, rpc) =>
      JSON.stringify(await verifyStatement(text, parseTrustProfile(profile), chainReader(rpc, "the node")));`;
  const { outputFiles, metafile } = await build({
    stdin: { contents: page, resolveDir: folder, loader: "ts" },
    absWorkingDir: folder,
    bundle: true,
    platform: "browser",
    format: "iife",
    globalName: "page",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  return {
    code: outputFiles[0]?.text ?? "",
    inputs: Object.keys(metafile.inputs).map((file) => path.normalize(file)),
  };
}

/** What every browser has and a bare JavaScript engine lacks. */
const WEB_GLOBALS = { TextEncoder, TextDecoder, URL, atob, btoa };

/** Runs a bundle where there is no Node: neither process nor Buffer nor require. */
export class Page {
  readonly #context: object;

  constructor(bundle: Bundle) {
    this.#context = createContext({ ...WEB_GLOBALS });
    runInContext(bundle.code, this.#context);
  }

  /** The value of an expression in the page, which must be text. */
  text(expression: string): string {
    return String(runInContext(expression, this.#context));
  }

  /** Verifies in the page. The report comes out as text, as between two machines. */
  async verify(evidence: string, profile: string, rpc: Rpc): Promise<EvidenceReport> {
    const run = runInContext("page.verify", this.#context) as (...args: unknown[]) => Promise<string>;
    return JSON.parse(await run(evidence, profile, rpc)) as EvidenceReport;
  }

  /** The same for a statement. */
  async verifyStatement(statement: string, profile: string, rpc: Rpc): Promise<StatementReport> {
    const run = runInContext("page.statement", this.#context) as (...args: unknown[]) => Promise<string>;
    return JSON.parse(await run(statement, profile, rpc)) as StatementReport;
  }
}
