import { isNodeUrl } from "../../../verifier/trust-profile.ts";
import type { Node } from "../../verify/file-messages.ts";

const ON_THIS_MACHINE: ReadonlySet<string> = new Set(["localhost", "127.0.0.1"]);

/** Whether the page may ask it: over TLS, or on this machine (the policy of the document says the same). */
function mayAsk(url: string): boolean {
  if (!isNodeUrl(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || ON_THIS_MACHINE.has(hostname);
}

/** The nodes that a person wrote, with white space or commas between them; undefined where one cannot be asked. */
export function nodesIn(text: string): readonly Node[] | undefined {
  const urls = text.split(/[\s,]+/).filter((part) => part !== "");
  return urls.every(mayAsk) ? nodesAt(urls) : undefined;
}

/** Those of a trust profile that can be asked from here. */
export function askable(urls: readonly string[]): readonly Node[] {
  return nodesAt(urls.filter(mayAsk));
}

function nodesAt(urls: readonly string[]): readonly Node[] {
  return [...new Set(urls)].map((url) => ({ url, name: new URL(url).host }));
}
