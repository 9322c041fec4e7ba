import { useRef, useState } from "react";

import type { CheckedFile, FileTask, Node } from "../../verify/file-messages.ts";
import type { FileChecker } from "../../verify/file-checker.ts";

export type Checking =
  | { readonly kind: "none" }
  | { readonly kind: "running"; readonly questions: number }
  | { readonly kind: "checked"; readonly file: CheckedFile }
  | { readonly kind: "fault" };

/** The check under way, or the last one. A later one takes its place. */
export function useChecking(checker: FileChecker): {
  readonly checking: Checking;
  readonly start: (task: Omit<FileTask, "nodes"> & { readonly nodes: readonly Node[] }) => void;
  readonly forget: () => void;
} {
  const [checking, setChecking] = useState<Checking>({ kind: "none" });
  const latest = useRef(0);
  const start: ReturnType<typeof useChecking>["start"] = (task) => {
    const mine = ++latest.current;
    const show = (next: Checking): void => {
      if (latest.current === mine) setChecking(next);
    };
    show({ kind: "running", questions: 0 });
    checker
      .check(task, (questions) => show({ kind: "running", questions }))
      .then(
        (file) => show({ kind: "checked", file }),
        () => show({ kind: "fault" }),
      );
  };
  const forget = (): void => {
    latest.current++;
    setChecking({ kind: "none" });
  };
  return { checking, start, forget };
}
