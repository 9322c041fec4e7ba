import { readFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject } from "../../protocol/json.ts";
import { MACHINE_TOKEN_HEADER } from "../../server/store/backup-routes.ts";
import { backupOf, type BackupChunk } from "../../server/store/backup.ts";
import type { Store } from "../../server/store/store.ts";
import { originOf } from "../../server/store/transfer-parts.ts";
import { requireMovable } from "../../server/store/transfer.ts";
import { RecordsInputError } from "./error.ts";
import { logNameOf } from "./places.ts";

export interface TakingOptions {
  readonly withKeys: boolean;
  /** The running ledger's data folder: who reads it may have the keys. */
  readonly dataDir: string | undefined;
  /** A bearer token of the role operator; on the embedded chain that of the data folder. */
  readonly token: string | undefined;
}

/** The backup of the records in a store. */
export async function* backupOfStore(store: Store, withKeys: boolean): AsyncGenerator<BackupChunk> {
  const snapshot = await store.snapshot();
  try {
    await requireMovable(snapshot);
    const log = await logNameOf(snapshot);
    yield* backupOf(await originOf(snapshot), { log, time: Math.floor(Date.now() / 1000), withKeys });
  } finally {
    await snapshot.close();
  }
}

/** The backup that a running ledger makes. @throws RecordsInputError when it does not */
export async function* backupOfLedger(url: string, options: TakingOptions): AsyncGenerator<BackupChunk> {
  const { withKeys, dataDir } = options;
  if (withKeys && dataDir === undefined)
    throw new RecordsInputError(
      "Name the running ledger's data folder with --data: its keys leave no other way.",
    );
  const token = options.token ?? (await developmentToken(dataDir));
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (withKeys && dataDir !== undefined) {
    const file = path.join(dataDir, "machine-token");
    headers[MACHINE_TOKEN_HEADER] = (await readFile(file, "utf8")).trim();
  }
  const answer = await fetch(`${url}/v1/backup${withKeys ? "?keys=true" : ""}`, { headers });
  if (!answer.ok || answer.body === null) throw new RecordsInputError(await refusalOf(url, answer));
  if (withKeys) yield* piecesIn(answer.body);
  else yield* oneFile(answer.body);
}

async function developmentToken(dataDir: string | undefined): Promise<string> {
  const text = dataDir && (await readFile(path.join(dataDir, "dev-tokens.json"), "utf8").catch(() => ""));
  const list: unknown = text ? JSON.parse(text) : [];
  for (const each of Array.isArray(list) ? list : []) {
    if (!isJsonObject(each) || !isJsonObject(each["caller"]) || each["caller"]["role"] !== "operator")
      continue;
    if (typeof each["token"] === "string") return each["token"];
  }
  throw new RecordsInputError("Set OPERATOR_TOKEN to a token of the role operator.");
}

async function refusalOf(url: string, answer: Response): Promise<string> {
  const problem: unknown = await answer.json().catch(() => undefined);
  const detail = isJsonObject(problem) && typeof problem["detail"] === "string" ? problem["detail"] : "";
  return `${url} gives no backup (${answer.status}). ${detail}`;
}

async function* oneFile(body: AsyncIterable<Uint8Array>): AsyncGenerator<BackupChunk> {
  for await (const bytes of body) yield { file: "backup", bytes: Buffer.from(bytes) };
}

const HEAD_BYTES = 5;

/** Both files from one stream: before every piece a byte (0 backup, 1 keys) and its length. */
async function* piecesIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<BackupChunk> {
  let held = Buffer.alloc(0);
  for await (const bytes of body) {
    held = Buffer.concat([held, bytes]);
    while (held.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + held.readUInt32BE(1);
      if (held.length < end) break;
      yield { file: held.readUInt8(0) === 0 ? "backup" : "keys", bytes: held.subarray(HEAD_BYTES, end) };
      held = held.subarray(end);
    }
  }
  if (held.length > 0) throw new RecordsInputError("The ledger broke the backup off. Take it again.");
}
