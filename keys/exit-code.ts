import { KeyError } from "./errors.ts";

/**
 * EX_CONFIG of sysexits: starting again changes nothing until somebody changed a setting, and with a wrong PIN it locks the token. The units in
 * deploy/systemd name it (RestartPreventExitStatus=).
 */
const CONFIGURATION = 78;
/** Starting again may help. */
const FAILURE = 1;

/** What a process ends with when its settings, or the keys that they name, kept it from starting: 78, and 1 for a token that is away and may come back. */
export function exitCodeOf(fault: Error): number {
  const { cause } = fault;
  const isAway = cause instanceof KeyError && (cause.code === "unavailable" || cause.code === "no-token");
  return isAway ? FAILURE : CONFIGURATION;
}
