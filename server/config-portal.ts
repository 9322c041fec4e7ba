import path from "node:path";
import { baseUrl, ConfigError, duration, type Env, type Environment, isSafeUrl } from "./config-values.ts";

/** The web pages, and what signs people on there. */
export interface PortalConfig {
  /** Folder of the built pages; undefined for a ledger without them. */
  readonly folder: string | undefined;
  /** The program that people sign on with, as the issuer knows it. */
  readonly clientId: string;
  /** What it asks the issuer for (RFC 6749 section 3.3). */
  readonly scope: string;
  /** A session nobody uses ends after this. */
  readonly idleMs: number;
  /** A session ends after this in any case; earlier when its token does. */
  readonly sessionMs: number;
  /** The inbox service, without a slash at the end; undefined where there is none. */
  readonly inboxUrl: string | undefined;
  /** Where people get help: a `mailto:`, `tel:` or `https:` address at the foot of every page. */
  readonly contact: string | undefined;
}

/** Where `npm run portal` puts them. */
const DEFAULT_FOLDER = path.resolve(import.meta.dirname, "../dist/portal");
const DEFAULT_CLIENT_ID = "minhbach-portal";
/** An ID token, and whatever the issuer calls the right to come to the ledger. */
const DEFAULT_SCOPE = "openid ledger";
/** Long enough to read a page, short enough for a counter where the next person sits down. */
const DEFAULT_IDLE_MS = 15 * 60_000;
/** An inspector's working day. */
const DEFAULT_SESSION_MS = 8 * 60 * 60_000;

export function portalConfig(env: Env, environment: Environment): PortalConfig {
  return {
    folder: folder(env["PORTAL"] ?? DEFAULT_FOLDER),
    clientId: words("PORTAL_CLIENT_ID", env["PORTAL_CLIENT_ID"] ?? DEFAULT_CLIENT_ID),
    scope: scope(env["PORTAL_SCOPE"] ?? DEFAULT_SCOPE),
    idleMs: duration("PORTAL_IDLE", env["PORTAL_IDLE"], DEFAULT_IDLE_MS),
    sessionMs: duration("PORTAL_SESSION", env["PORTAL_SESSION"], DEFAULT_SESSION_MS),
    inboxUrl: env["INBOX_URL"] === undefined ? undefined : inboxUrl(env["INBOX_URL"], environment),
    contact: env["PORTAL_CONTACT"] === undefined ? undefined : contact(env["PORTAL_CONTACT"]),
  };
}

function folder(value: string): string | undefined {
  if (value === "") throw new ConfigError('PORTAL must be a folder, or "none" for a ledger without pages');
  return value === "none" ? undefined : path.resolve(value);
}

/** RFC 6749 appendix A: printable ASCII without quotes and backslashes. */
function words(name: string, value: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,512}$/.test(value)) return value;
  throw new ConfigError(`${name} must be ASCII without quotes and backslashes, at most 512 characters`);
}

function scope(value: string): string {
  if (words("PORTAL_SCOPE", value).split(" ").includes("openid")) return value;
  throw new ConfigError("PORTAL_SCOPE must hold openid: people sign on by OpenID Connect");
}

const CONTACT_SCHEMES: readonly string[] = ["mailto:", "tel:", "https://"];
const MAX_CONTACT = 200;

function contact(value: string): string {
  const isAddress = URL.canParse(value) && CONTACT_SCHEMES.some((scheme) => value.startsWith(scheme));
  if (isAddress && /^[\x21-\x7e]+$/.test(value) && value.length <= MAX_CONTACT) return value;
  throw new ConfigError(
    "PORTAL_CONTACT must be an address that begins with mailto:, tel: or https://, of at most 200 characters",
  );
}

/** It is sent people's tokens: over a network it takes https. */
function inboxUrl(value: string, environment: Environment): string {
  const url = baseUrl("INBOX_URL", value);
  if (!isSafeUrl(new URL(url), environment))
    throw new ConfigError("INBOX_URL must be https: people's tokens are sent there");
  return url;
}
