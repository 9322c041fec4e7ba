import { type FileHandle, link, open, unlink } from "node:fs/promises";
import path from "node:path";
import { RecordsInputError } from "./error.ts";

/** A file that appears whole or not at all, for its owner alone (mode 0600). */
export interface NewFile {
  /** What it is called until it is whole. */
  readonly temporary: string;
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Makes what was written durable; it still has its temporary name. */
  readonly written: () => Promise<void>;
  /** Gives it its name. @throws RecordsInputError when a file of that name has come meanwhile */
  readonly keep: () => Promise<void>;
  /** Removes what is not kept. */
  readonly drop: () => Promise<void>;
}

/** @throws RecordsInputError when there is a file of that name */
export async function newFile(file: string): Promise<NewFile> {
  const taken = await open(file, "r").catch(() => undefined);
  await taken?.close();
  if (taken !== undefined) throw exists(file);
  const temporary = `${file}.${process.pid}.part`;
  const handle = await open(temporary, "wx", 0o600);
  return {
    temporary,
    write: async (bytes) => {
      for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
    },
    written: async () => {
      await handle.sync();
      await handle.close();
    },
    keep: async () => {
      await link(temporary, file).catch(() => {
        throw exists(file);
      });
      await unlink(temporary);
      const folder = await open(path.dirname(path.resolve(file)), "r");
      await folder.sync().finally(async () => await folder.close());
    },
    drop: async () => {
      await closed(handle);
      await unlink(temporary).catch(() => undefined);
    },
  };
}

async function closed(handle: FileHandle): Promise<void> {
  await handle.close().catch(() => undefined);
}

function exists(file: string): RecordsInputError {
  return new RecordsInputError(`${file} is there already: name a new file.`);
}
