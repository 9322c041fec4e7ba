import { LedgerError } from "../errors.ts";

const MAX_LENGTH = 1024;
/** Stands for our own origin while a path is resolved as a browser would; nothing else has this name. */
const HERE = "http://portal.invalid";
/** What is no page: coming back there would begin it all again, or show somebody JSON. Routes are found whatever the case. */
const NO_PAGE = /^\/portal\/(?:(?:sign-on|signed-on|sign-off|session|trust)\/?$|inbox\/.)/i;

/**
 * A path of the portal where a browser may be led after signing on, as a browser would understand it.
 * @throws LedgerError `bad-request` for what would lead elsewhere, or is no page.
 */
export function parseBack(value: string | undefined): string {
  if (value === undefined) return "/portal/";
  const url = value.length <= MAX_LENGTH && URL.canParse(value, HERE) ? new URL(value, HERE) : undefined;
  // Browsers drop tabs and line ends, and read a backslash as a slash: no page of ours has any.
  const isPlain = /^\/[\x21-\x5b\x5d-\x7e]*$/.test(value) && !value.startsWith("//");
  const isPage =
    url !== undefined &&
    (url.pathname === "/verify" || url.pathname.startsWith("/portal/")) &&
    !NO_PAGE.test(url.pathname);
  if (url?.origin === HERE && isPlain && isPage) return url.pathname + url.search + url.hash;
  throw new LedgerError("bad-request", "back has to be a path of the portal, such as /portal/my-data.");
}
