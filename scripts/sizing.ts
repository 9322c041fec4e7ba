/** Writes the tables of docs/SIZING.md anew from what was measured: `node scripts/sizing.ts`. */
import { readFile, writeFile } from "node:fs/promises";
import { isMain } from "./is-main.ts";
import { sizingTables } from "./sizing/table.ts";
import { unitCosts } from "./sizing/unit-costs.ts";

const SIZING = new URL("../docs/SIZING.md", import.meta.url);
const RESULTS = new URL("../docs/bench/results.json", import.meta.url);
const GAS = new URL("../docs/gas.md", import.meta.url);
const TABLES = /(<!-- sizing:begin[^>]*-->\n)[^]*?(\n<!-- sizing:end -->)/;

/** The document with its tables as the measurements have them now. */
export async function renewedSizing(document: string): Promise<string> {
  const costs = unitCosts(await readFile(RESULTS, "utf8"), await readFile(GAS, "utf8"));
  const tables = `Measured on: ${costs.measured}; the large log had ${costs.largeLog.toLocaleString("en-US")} events.\n\n${sizingTables(costs)}`;
  return document.replace(TABLES, (_, begin: string, end: string) => `${begin}${tables}${end}`);
}

if (isMain(import.meta)) await writeFile(SIZING, await renewedSizing(await readFile(SIZING, "utf8")));
