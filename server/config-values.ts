/** Where the ledger runs: trying out on a chain of its own, or for real. */
export type Environment = "embedded" | "production";

/** A setting that cannot be used; the message names the variable and what it takes. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export type Env = Readonly<Record<string, string | undefined>>;

export function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new ConfigError(`${name} must be one of ${allowed.join(", ")}; it is "${value}"`);
  return found;
}

export function integer(
  name: string,
  value: string | undefined,
  range: { fallback: number; min: number; max: number },
): number {
  if (value === undefined) return range.fallback;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (!(number >= range.min && number <= range.max)) {
    throw new ConfigError(
      `${name} must be a whole number from ${range.min} to ${range.max}; it is "${value}"`,
    );
  }
  return number;
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** "500ms", "2s", "10m", "1h" in milliseconds; a bare number would leave the unit to chance. */
export function duration(name: string, value: string | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(value);
  const [, amount, unit] = match ?? [];
  if (amount === undefined || unit === undefined || Number(amount) === 0) {
    throw new ConfigError(`${name} must be a duration like 500ms, 2s or 10m; it is "${value}"`);
  }
  return Number(amount) * UNIT_MS[oneOf(name, unit, ["ms", "s", "m", "h"])];
}

/** A duration in whole seconds, rounded up. */
export function seconds(name: string, value: string | undefined, fallbackMs: number): number {
  return Math.ceil(duration(name, value, fallbackMs) / 1000);
}

export function httpUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // The value itself stays out of the message: a node's URL may carry a password.
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new ConfigError(`${name} must be an http(s) URL, or several with commas between them`);
  return value;
}

export function slug(name: string, value: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?$/.test(value)) {
    throw new ConfigError(
      `${name} must be an agency code (a-z, 0-9 and inner hyphens, at most 31); it is "${value}"`,
    );
  }
  return value;
}

/** An http(s) URL without query and fragment, and without the slash at its end. */
export function baseUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === undefined || !isHttp || url.search !== "" || url.hash !== "" || url.username !== "")
    throw new ConfigError(`${name} must be an http(s) URL without user, query and fragment`);
  return url.href.replace(/\/+$/, "");
}

/** Whether what is sent there stays between the two: over TLS, on this machine, or where things are only tried out. */
export function isSafeUrl(url: URL, environment: Environment): boolean {
  return (
    url.protocol === "https:" || (url.protocol === "http:" && (environment === "embedded" || isLoopback(url)))
  );
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
