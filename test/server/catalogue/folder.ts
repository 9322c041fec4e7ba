import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** The repository's own catalogue. */
export const CATALOGUE = path.resolve(import.meta.dirname, "../../../catalogue");

/** A copy of the repository's catalogue to change. */
export interface CatalogueFolder {
  readonly folder: string;
  /** Replaces the first occurrence of a text of a file. @throws Error when it is not there. */
  readonly replace: (file: string, search: string, replacement: string) => Promise<void>;
  readonly write: (file: string, text: string) => Promise<void>;
  readonly remove: (file?: string) => Promise<void>;
}

export async function catalogueFolder(): Promise<CatalogueFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-catalogue-"));
  await cp(CATALOGUE, folder, { recursive: true });
  const write = async (file: string, text: string): Promise<void> =>
    await writeFile(path.join(folder, file), text);
  return {
    folder,
    write,
    replace: async (file, search, replacement) => {
      const text = await readFile(path.join(folder, file), "utf8");
      if (!text.includes(search)) throw new Error(`${file} does not hold ${search}`);
      await write(
        file,
        text.replace(search, () => replacement),
      );
    },
    remove: async (file = ".") => await rm(path.join(folder, file), { recursive: true }),
  };
}
