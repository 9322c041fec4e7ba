import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Whether a module is the program being run: `import.meta.main`, which the Node that Apple computers get (24.0) does not know. */
export function isMain(meta: ImportMeta): boolean {
  const [, program] = process.argv;
  return program !== undefined && realpathSync(program) === fileURLToPath(meta.url);
}
