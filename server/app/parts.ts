import type { Logger } from "pino";
import { formatLogId, type LogId } from "../../protocol/log-id.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { LedgerKeys } from "../secrets.ts";

export interface AppOptions {
  readonly config: Config;
  readonly secrets: LedgerKeys;
  /** Where the log is on the chain: the same file its verifiers use. */
  readonly profile: TrustProfile;
  /** `postgres://...` of the records, which may hold a password; without it they lie in LevelDB in the data folder. */
  readonly database?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What ends each part, in the order they were started. */
export type Closing = (() => Promise<void>)[];

/** Which log this is, in the forms the stages need. */
export interface AboutLog {
  readonly id: LogId;
  readonly name: string;
  readonly ownSource: Source;
  /** Through which people's acts are recorded. */
  readonly deskSource: Source;
}

export function logOf({ config, profile }: AppOptions): AboutLog {
  const id = { chainId: profile.chainId, registry: profile.anchorRegistry, logId: profile.logId };
  return {
    ...{ id, name: formatLogId(id) },
    ownSource: parseSource(`${config.operator}/ledger`),
    deskSource: parseSource(`${config.operator}/desk`),
  };
}
