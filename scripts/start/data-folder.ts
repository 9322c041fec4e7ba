import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Level } from "level";
import { StartError } from "./error.ts";

/** A folder that nobody else starts on until `release`. */
export interface DataFolder {
  release: () => Promise<void>;
}

/**
 * Makes the folder if need be and takes it for this process. The lock is the one a LevelDB holds on its folder: the operating system
 * frees it when the process ends, however it ends, so there is no stale lock to clean up.
 * @throws StartError if it can't be made or another start has it.
 */
export async function takeDataFolder(folder: string): Promise<DataFolder> {
  const lock = path.join(folder, "running");
  try {
    await mkdir(lock, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StartError(`The folder ${folder} cannot be made. Set DATA_DIR to one that can be written.`, {
      cause,
    });
  }
  const database = new Level(lock);
  try {
    await database.open();
  } catch (cause) {
    throw new StartError(
      `Another npm start uses ${folder}. Stop it first, or set DATA_DIR, PORT and RECORDER_PORT to run a second one beside it.`,
      { cause },
    );
  }
  return { release: () => database.close() };
}
