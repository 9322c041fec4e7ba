import { expect } from "chai";

/** An answer with everything a page, or somebody who listens, could see of it. */
export interface Seen {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What a browser does for the portal, without its pages: keeps cookies, follows redirects, sends what a page sends. */
export class PortalBrowser {
  readonly #origin: string;
  readonly cookies = new Map<string, string>();
  /** `Set-Cookie` lines as they came. */
  readonly setCookies: string[] = [];
  /** Everything that was answered. */
  readonly seen: Seen[] = [];

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Goes there with the whole window, following redirects, and returns the last answer. */
  async go(path: string, init: RequestInit = {}): Promise<Seen> {
    const seen = await this.step(path, init);
    const location = seen.headers.get("location");
    return location === null ? seen : await this.go(new URL(location, seen.url).href);
  }

  /** Goes there, and stays where the first answer leads. */
  async step(path: string, init: RequestInit = {}): Promise<Seen> {
    const url = new URL(path, this.#origin).href;
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { ...init, headers: { ...init.headers, cookie }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      this.setCookies.push(line);
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const seen = { url, status: answer.status, headers: answer.headers, text: await answer.text() };
    this.seen.push(seen);
    return seen;
  }

  /** Asks as one of the portal's pages does. */
  async ask(
    path: string,
    { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> } = {},
  ): Promise<Seen> {
    return await this.step(path, {
      ...init,
      headers: { "x-minhbach-portal": "1", "sec-fetch-site": "same-origin", ...headers },
    });
  }

  /** The `code` of the refusal; undefined for an answer that is none. */
  async code(...asking: Parameters<PortalBrowser["ask"]>): Promise<string | undefined> {
    return codeOf(await this.ask(...asking));
  }

  /** Signs on as a demo person, by the page of the development sign-on. */
  async signOn(person: string, back = "/portal/my-data"): Promise<Seen> {
    const page = await this.go(`/portal/sign-on?${new URLSearchParams({ back }).toString()}`);
    expect(page.text, page.url).to.contain(`value="${person}"`);
    return await this.go(page.url, { method: "POST", body: new URLSearchParams({ person }) });
  }

  /** Who is signed on. */
  async session(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.ask("/portal/session")).text) as Record<string, unknown>;
  }
}

export function codeOf({ status, text }: Seen): string | undefined {
  return status < 400 ? undefined : String((JSON.parse(text) as { code?: string }).code);
}
