import eslint from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** The files that may read the environment: processes start there, everything else is told. */
const ENTRY_POINTS = [
  "server/main.ts",
  "recorder/main.ts",
  "cli/main.ts",
  "proactive/{main,oversight/main,forecast/main}.ts",
  "scripts/**",
  "toolchain/**",
  "test/**",
  "*.config.*",
];

/** Code that also runs in a browser. `*.node.ts` is chosen by a package import condition where there is Node. */
const PURE = {
  files: ["protocol/**/*.ts", "verifier/**/*.ts", "portal/**/*.{ts,tsx}"],
  ignores: ["**/*.node.ts"],
};

const NODE_GLOBALS = ["Buffer", "process", "global", "setImmediate", "__dirname", "__filename", "require"];

/** What the few plain JavaScript modules use; TypeScript files know their globals by type. */
const MODULE_GLOBALS = [
  "process",
  "console",
  "URL",
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
];

const READS_ENVIRONMENT = "Only an entry point reads the environment; take the setting as a parameter.";
const NO_ENVIRONMENT = { object: "process", property: "env", message: READS_ENVIRONMENT };
const NO_WALL_CLOCK = {
  object: "Date",
  property: "now",
  message: "Take a clock as a parameter, so that tests can set the time.",
};
const NO_META_MAIN = {
  selector: "MemberExpression[object.type='MetaProperty'][property.name='main']",
  message: "Node 24.0, which Apple computers get, does not know it; use isMain of scripts/is-main.ts.",
};
/** Where the clock that is handed around comes from. */
const CLOCKS = ["server/clock.ts", "recorder/timing.ts", "portal/app/now.ts", "portal/api/session.ts"];

const SKIP_NEEDS_REASON =
  'A skipped test says why: it.skip("... (skipped: reason)"), or skipBecause(this, "reason") of test/skip-because.ts.';

export default defineConfig(
  globalIgnores([
    "node_modules/",
    "toolchain/node_modules/",
    "data/",
    "dist/",
    "artifacts/",
    "cache/",
    "types/",
  ]),
  { linterOptions: { reportUnusedDisableDirectives: "error", reportUnusedInlineConfigs: "error" } },
  eslint.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-assertions": [
        "error",
        { assertionStyle: "as", objectLiteralTypeAssertions: "never" },
      ],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers in a message are what they look like; the rule's other catches (objects, undefined, any) stay.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      // An async function without await answers with a rejection where a plain one would throw: that is its point.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true, argsIgnorePattern: "^_" }],
      "no-restricted-syntax": ["error", NO_META_MAIN],
      eqeqeq: "error",
      "no-console": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["**/*.{ts,tsx}", "**/*.mjs"],
    ignores: ENTRY_POINTS,
    rules: {
      "no-restricted-properties": ["error", NO_ENVIRONMENT, NO_WALL_CLOCK],
      "no-restricted-imports": [
        "error",
        {
          paths: [
            { name: "node:process", message: READS_ENVIRONMENT },
            { name: "process", message: READS_ENVIRONMENT },
          ],
        },
      ],
    },
  },
  {
    files: CLOCKS,
    rules: { "no-restricted-properties": ["error", NO_ENVIRONMENT] },
  },
  {
    ...PURE,
    rules: {
      "no-restricted-globals": [
        "error",
        ...NODE_GLOBALS.map((name) => ({
          name,
          message: "This code also runs in a browser; use protocol/bytes.ts.",
        })),
      ],
    },
  },
  {
    files: ["portal/**/*.tsx"],
    extends: [reactHooks.configs.flat["recommended-latest"]],
  },
  {
    files: ["scripts/**", "cli/**", "toolchain/**", "recorder/main.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // `expect(x).to.be.true` is how chai says it.
      "@typescript-eslint/no-unused-expressions": "off",
      // Taking a short ASCII text apart into letters is what such a test means.
      "@typescript-eslint/no-misused-spread": "off",
      // Stand-alone programs that a test starts speak by printing.
      "no-console": "off",
      "no-restricted-syntax": [
        "error",
        NO_META_MAIN,
        {
          selector: "CallExpression[callee.property.name='only']",
          message: "A test singled out hides all others.",
        },
        {
          selector:
            "CallExpression[callee.object.name=/^(it|describe|context|specify)$/][callee.property.name='skip']:not([arguments.0.value=/skipped: ./])",
          message: SKIP_NEEDS_REASON,
        },
        {
          selector: "CallExpression[callee.object.type='ThisExpression'][callee.property.name='skip']",
          message: SKIP_NEEDS_REASON,
        },
        {
          selector: "CallExpression[callee.name=/^(xit|xdescribe|xcontext|xspecify)$/]",
          message: SKIP_NEEDS_REASON,
        },
      ],
    },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: {
      globals: Object.fromEntries(MODULE_GLOBALS.map((name) => [name, "readonly"])),
    },
  },
);
