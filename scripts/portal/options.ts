import path from "node:path";
import react from "@vitejs/plugin-react";
import type { InlineConfig } from "vite";

import { PORTAL_DIST, ROOT } from "./places.ts";

/** The documents: the portal, and the verify page, which has its own Content-Security-Policy. */
const DOCUMENTS = ["index.html", "verify.html"] as const;

/** How Vite makes the pages. There is no configuration file: whoever builds says where to. */
export function viteOptions(outDir = PORTAL_DIST): InlineConfig {
  const root = path.join(ROOT, "portal");
  return {
    configFile: false,
    envDir: false,
    root,
    base: "/portal/",
    publicDir: false,
    cacheDir: path.join(ROOT, "node_modules/.cache/minhbach-portal"),
    plugins: [react()],
    worker: { format: "es" },
    build: {
      outDir,
      emptyOutDir: true,
      // The Content-Security-Policy names no data: address.
      assetsInlineLimit: 0,
      // Every browser that still gets security updates.
      target: ["es2022", "chrome109", "firefox115", "safari16.4"],
      // Old browsers would want an inline script; those we support preload modules by themselves.
      modulePreload: { polyfill: false },
      rolldownOptions: { input: DOCUMENTS.map((name) => path.join(root, name)) },
    },
  };
}
