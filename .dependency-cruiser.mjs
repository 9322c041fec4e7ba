/** The import directions of the code: who may import whom. `npm test` enforces them; test/lint shows each one refusing. */

const STAGE =
  "^server/(receive|sequence|integrate|index|anchor|prove|store|identity|disclose|catalogue|decide|findings|inspect|desk|portal)/";
const NOBLE = "(^|/)node_modules/@noble/";

/**
 * Matches npm packages and Node's own modules as well as files of ours, so each rule that uses it is a complete allow-list.
 *
 * @param {string[]} patterns
 */
const allowOnly = (...patterns) => ({ pathNot: patterns });

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "protocol-imports-only-noble",
      comment: "protocol/ runs in a browser: it imports itself and @noble/*.",
      severity: "error",
      from: { path: "^protocol/", pathNot: "\\.node\\.ts$" },
      to: allowOnly("^protocol/", NOBLE),
    },
    {
      name: "protocol-node-imports-only-crypto",
      comment:
        "protocol/*.node.ts is what the package import condition gives Node: node:crypto and nothing else.",
      severity: "error",
      from: { path: "^protocol/.*\\.node\\.ts$" },
      to: allowOnly("^protocol/", NOBLE, "^(node:)?crypto$"),
    },
    {
      name: "protocol-node-only-by-condition",
      comment: "Import #sha256; naming the Node file would break the browser.",
      severity: "error",
      from: { path: "^(protocol|verifier|portal)/" },
      to: { path: "\\.node\\.ts$", dependencyTypesNot: ["aliased-subpath-import"] },
    },
    {
      name: "verifier-imports-only-protocol",
      comment: "The verifier runs in a browser with nothing from us but the protocol.",
      severity: "error",
      from: { path: "^verifier/" },
      to: allowOnly("^verifier/", "^protocol/"),
    },
    {
      name: "keys-import-only-protocol",
      comment: "Where private keys lie is of use to the ledger, to recorders and to scripts alike.",
      severity: "error",
      from: { path: "^keys/" },
      to: { path: "^(server|recorder|verifier|cli|scripts|portal|proactive|catalogue)/" },
    },
    {
      name: "recorder-imports-no-server",
      comment: "An agency runs the recorder alone: of our code it imports protocol/, verifier/ and keys/.",
      severity: "error",
      from: { path: "^recorder/" },
      to: { path: "^(server|cli|scripts|portal|proactive|catalogue)/" },
    },
    {
      name: "stage-imports-no-values-of-others",
      comment:
        "A stage takes values from protocol/ and server/errors.ts; of other stages it imports types only. Values meet in server/app.ts and server/app/.",
      severity: "error",
      from: { path: STAGE },
      to: {
        path: "^(server|recorder|cli|scripts|portal|verifier|proactive|catalogue)/",
        pathNot: ["^server/$1/", "^server/errors\\.ts$"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "only-app-composes",
      comment: "Values of the stages meet in server/app.ts and server/app/; main.ts only starts it.",
      severity: "error",
      from: { path: "^server/[^/]+\\.ts$", pathNot: "^server/app\\.ts$" },
      to: { path: STAGE, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "only-app-has-parts",
      comment: "server/app/ holds the pieces of server/app.ts: nobody else puts stages together with them.",
      severity: "error",
      from: { pathNot: "^(server/app(\\.ts$|/)|test/)" },
      to: { path: "^server/app/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "nobody-imports-an-entry-point",
      comment: "Entry points read the environment and start things when imported.",
      severity: "error",
      from: {},
      to: { path: "^(server|recorder|cli|proactive|proactive/(oversight|forecast))/main\\.ts$" },
    },
    {
      name: "cli-imports-protocol-verifier-recorder",
      comment: "The command works for people who have no server.",
      severity: "error",
      from: { path: "^cli/" },
      to: { path: "^(server|scripts|portal|proactive|catalogue)/" },
    },
    {
      name: "portal-imports-protocol-and-verifier",
      comment: "The pages verify in the browser with the same pure code and no server code.",
      severity: "error",
      from: { path: "^portal/" },
      to: { path: "^(server|recorder|cli|scripts|proactive|catalogue)/" },
    },
    {
      name: "proactive-imports-no-server",
      comment:
        "The proactive services use what any agency could: the ledger's public API, the recorder, the verifier.",
      severity: "error",
      from: { path: "^proactive/" },
      to: { path: "^(server|cli|scripts|portal|catalogue)/" },
    },
    {
      name: "server-imports-no-recorder",
      comment: "Ledger and recorder are run by different parties.",
      severity: "error",
      from: { path: "^server/" },
      to: { path: "^(recorder|cli|scripts|portal)/" },
    },
    {
      name: "product-imports-no-tests-or-scripts",
      comment: "What ships does not import tests, and only tests and scripts import scripts.",
      severity: "error",
      from: { path: "^(protocol|verifier|keys|recorder|server|cli|portal|proactive|catalogue)/" },
      to: { path: "^(test|scripts|toolchain)/" },
    },
    {
      name: "scripts-import-no-tests",
      comment: "A script works in a checkout without its tests.",
      severity: "error",
      from: { path: "^(scripts|toolchain)/" },
      to: { path: "^test/" },
    },
    {
      name: "audit-imports-no-writing-code",
      comment:
        "The audit would repeat a mistake it shares with the ledger: of the server it takes the store's reading side and the pure rules of findings and of orders.",
      severity: "error",
      from: { path: "^scripts/audit(\\.ts$|/)" },
      to: {
        path: "^(server|recorder|scripts)/",
        pathNot: [
          "^scripts/audit/",
          "^server/store/(store|level-reader|level-keys|postgres-reader|postgres-session|rows)\\.ts$",
          "^server/disclose/closures\\.ts$",
          "^server/findings/(equivocation|exchanges|finding|promises|silence|states|uses/rule|uses/use)\\.ts$",
          "^server/inspect/pairs\\.ts$",
        ],
      },
    },
    {
      name: "product-imports-no-development-packages",
      comment: "A package that product code needs is one of the dependencies.",
      severity: "error",
      from: { path: "^(protocol|verifier|keys|recorder|server|cli)/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only", "npm"], pathNot: "/@types/" },
    },
    {
      name: "no-undeclared-packages",
      comment: "Whatever is imported stands in package.json; transitive packages come and go.",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "not-unresolvable",
      comment: "The imported file or package does not exist.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-circles",
      comment: "Imports point one way.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(data|dist|artifacts|cache|types)/" },
    tsPreCompilationDeps: true,
    // The server's own package.json adds to the one of the checkout.
    combinedDependencies: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["node", "import", "types", "default"],
    },
  },
};
