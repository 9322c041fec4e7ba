import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { LedgerError } from "../errors.ts";
import type { Answer, Route } from "../route.ts";

/**
 * What the page may do: run its own two scripts and styles, show images it carries within itself, and call this server. Swagger UI
 * sets styles on elements it makes, which browsers count as inline styles.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Minh Bạch ledger API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <main id="api"><p>The API is described in <a href="/openapi.yaml">openapi.yaml</a>.</p></main>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/page.js"></script>
  </body>
</html>
`;

const PAGE_SCRIPT = `SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
});
`;

/** The API's description as YAML, as JSON, and as a readable page that loads nothing from elsewhere. */
export async function openApiRoutes(): Promise<Route[]> {
  const yaml = await readFile(new URL("openapi.yaml", import.meta.url), "utf8");
  const description: unknown = parse(yaml);
  const files = await pageFiles();
  return [
    get("getOpenApi", "/openapi.yaml", () => ({ type: "application/yaml; charset=utf-8", body: yaml })),
    get("getOpenApiJson", "/openapi.json", () => ({ json: description })),
    get("getApiPage", "/docs", () => ({
      type: "text/html; charset=utf-8",
      body: PAGE,
      headers: { "content-security-policy": PAGE_POLICY },
    })),
    get("getApiPageFile", "/docs/:file", (request) => {
      const file = files.get(request.parameter("file"));
      if (file === undefined) throw new LedgerError("not-found", "The page of the API is at /docs.");
      return { ...file, headers: { "cache-control": "public, max-age=3600" } };
    }),
  ];
}

async function pageFiles(): Promise<ReadonlyMap<string, { readonly type: string; readonly body: string }>> {
  const folder = import.meta.resolve("swagger-ui-dist/package.json");
  const read = (name: string): Promise<string> => readFile(new URL(name, folder), "utf8");
  const script = "text/javascript; charset=utf-8";
  return new Map([
    ["page.js", { type: script, body: PAGE_SCRIPT }],
    ["swagger-ui-bundle.js", { type: script, body: await read("swagger-ui-bundle.js") }],
    ["swagger-ui.css", { type: "text/css; charset=utf-8", body: await read("swagger-ui.css") }],
  ]);
}

function get(name: string, path: string, handle: (...of: Parameters<Route["handle"]>) => Answer): Route {
  return { name, method: "get", path, handle };
}
