import { appendFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** What happened, line by line, with the seconds since it began. */
export interface Timeline {
  note: (what: string) => void;
  /** Prints it, and adds it to the file. */
  end: () => Promise<void>;
}

const FOLDER = path.resolve(import.meta.dirname, "../../test-results/chain");

/** Begins a log file of several timelines. Returns its path. */
export async function beginLog(name: string): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const file = path.join(FOLDER, `${name}.log`);
  await writeFile(file, "");
  return file;
}

export function beginTimeline(title: string, file: string): Timeline {
  const startedAt = performance.now();
  const lines = [`== ${title}`];
  return {
    note: (what) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      lines.push(`${seconds.padStart(7)} s  ${what}`);
    },
    end: async () => {
      const text = `${lines.join("\n")}\n`;
      console.log(text);
      await appendFile(file, text);
    },
  };
}
