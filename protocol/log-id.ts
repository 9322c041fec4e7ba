import { FormatError } from "./errors.ts";

/** Which log this is, everywhere in the world: a chain, a registry contract on it, a number there. */
export interface LogId {
  /** EIP-155 chain id, a safe integer from 1. */
  readonly chainId: number;
  /** Address of the AnchorRegistry: `0x` and 40 lowercase hexadecimal digits. */
  readonly registry: string;
  /** Number of the log in the registry, a safe integer from 1. */
  readonly logId: number;
}

const GRAMMAR = /^([1-9][0-9]{0,15}):(0x[0-9a-f]{40}):([1-9][0-9]{0,15})$/;

/** Parses `chainId:registry:logId`; there is one spelling of each. Throws FormatError `log-id`. */
export function parseLogId(text: string): LogId {
  const [, chainId, registry, logId] = GRAMMAR.exec(text) ?? [];
  const parsed = { chainId: Number(chainId), registry: registry ?? "", logId: Number(logId) };
  if (!Number.isSafeInteger(parsed.chainId) || !Number.isSafeInteger(parsed.logId)) {
    throw new FormatError(
      "log-id",
      "expected chainId:registry:logId, such as 31337:0x<40 lowercase hex digits>:1",
    );
  }
  return parsed;
}

/** `chainId:registry:logId`, the `log` of a submission and a receipt. Throws FormatError `log-id` on an impossible id. */
export function formatLogId(id: LogId): string {
  const text = `${id.chainId}:${id.registry}:${id.logId}`;
  parseLogId(text);
  return text;
}

/** The origin line of the log's checkpoints (C2SP tlog-checkpoint), which is the name of its key as well. */
export function checkpointOrigin(id: LogId): string {
  parseLogId(formatLogId(id));
  return `minhbach/${id.chainId}/${id.registry}/${id.logId}`;
}
