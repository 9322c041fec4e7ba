import { createServer } from "vite";

import { viteOptions } from "./options.ts";

/** What the ledger answers of the pages' own folder. */
const LEDGER_PATHS = [
  "/v1",
  "/rpc",
  "/oidc",
  "/portal/session",
  "/portal/sign",
  "/portal/inbox",
  "/portal/trust",
];

/** Serves the pages while they are being written, with everything else from a ledger. @returns where */
export async function servePortal(ledgerUrl: string): Promise<string> {
  const proxy = Object.fromEntries(LEDGER_PATHS.map((prefix) => [prefix, { target: ledgerUrl }]));
  const server = await createServer({ ...viteOptions(), server: { host: "127.0.0.1", proxy } });
  await server.listen();
  return server.resolvedUrls?.local[0] ?? "";
}
