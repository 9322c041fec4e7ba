import { fromBase64url, fromUtf8 } from "../../protocol/bytes.ts";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { FIRST_SEQ } from "../../protocol/payload.ts";
import type { Source } from "../../protocol/source.ts";
import type { StoreReader } from "../store/store.ts";
import { digestOf } from "./load.ts";

/** A version that a `catalogue` event of the ledger's own source records. */
export interface RecordedVersion {
  readonly version: string;
  /** base64url of the SHA-256 of its published file. */
  readonly digest: string;
  /** Log index of the event. */
  readonly index: number;
  /** When it was recorded, in Unix seconds. */
  readonly time: number;
}

/** Every version ever recorded. */
export interface CatalogueHistory {
  /** As of now, in the order of the log: the last one is in force. */
  versions: () => Promise<readonly RecordedVersion[]>;
  /** The published file of a version. @throws Error when the store does not hold what was recorded. */
  file: (recorded: RecordedVersion) => Promise<Uint8Array>;
}

export type HistoryStore = Pick<
  StoreReader,
  "submissionsOf" | "payloads" | "disclosures" | "attachment" | "attachmentIndex"
>;

const READ_AT_ONCE = 100;

/** Reads the versions from the records, which alone are truth; only what is new since the last time. */
export function catalogueHistory(store: HistoryStore, ownSource: Source): CatalogueHistory {
  let versions: readonly RecordedVersion[] = [];
  let next = FIRST_SEQ;
  let reading: Promise<void> | undefined;

  async function readNew(): Promise<void> {
    for (;;) {
      const submissions = await store.submissionsOf(ownSource, { from: next, limit: READ_AT_ONCE });
      const found: RecordedVersion[] = [];
      for (const { count, index, time } of submissions) {
        for (let at = index; at < index + count; at++) {
          const recorded = await versionAt(at, time);
          if (recorded !== undefined) found.push(recorded);
        }
      }
      const last = submissions.at(-1);
      if (last !== undefined) [versions, next] = [[...versions, ...found], last.first + last.count];
      if (submissions.length < READ_AT_ONCE) return;
    }
  }

  async function versionAt(index: number, time: number): Promise<RecordedVersion | undefined> {
    const [payload] = await store.payloads(index, index + 1);
    const disclosures = await store.disclosures(index);
    if (payload === undefined || disclosures === undefined) return undefined;
    const { catalogue } = openFacets(parseEvent(`${fromUtf8(payload)}~${disclosures}`));
    if (!isJsonObject(catalogue)) return undefined;
    const { version, digest } = catalogue;
    if (typeof version !== "string" || typeof digest !== "string") return undefined;
    // Without the file beside it, somebody else wrote the event with the ledger's key.
    if ((await store.attachmentIndex(fromBase64url(digest))) !== index) return undefined;
    return { version, digest, index, time };
  }

  return {
    versions: async () => {
      await (reading ??= readNew().finally(() => (reading = undefined)));
      return versions;
    },
    file: async ({ version, digest, index }) => {
      const file = await store.attachment(index);
      if (file !== undefined && digestOf(file) === digest) return file;
      throw new Error(`the store does not hold the catalogue ${version} that the event ${index} records`);
    },
  };
}
