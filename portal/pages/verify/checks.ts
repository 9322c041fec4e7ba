import type { FileKind } from "../../verify/file-messages.ts";

/** Where the words of the checks of such a file stand. A broken promise is a receipt's; whose a statement should be is not known here. */
export const CHECK_WORDS: Readonly<Record<FileKind, readonly string[]>> = {
  statement: ["verifyChecks:statement", "checks:statement"],
  gathered: ["verifyChecks:gathered"],
  evidence: ["verifyChecks:evidence"],
  bundle: ["verifyChecks:bundle"],
  accusation: ["verifyChecks:accusation"],
  breach: ["verifyChecks:breach", "verifyChecks:receipt"],
  receipt: ["verifyChecks:receipt"],
};
