import { createHash, randomBytes, randomUUID } from "node:crypto";
import { expect } from "chai";
import { importPKCS8, SignJWT } from "jose";

/** What a program gets from the development sign-on's token endpoint. */
export interface Issued {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
}

interface Discovered {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
}

/** The sign-on's own description of itself. */
export async function discovered(ledgerUrl: string): Promise<Discovered> {
  const answer = await fetch(`${ledgerUrl}/oidc/.well-known/openid-configuration`);
  expect(answer.status).to.equal(200);
  return (await answer.json()) as Discovered;
}

/** What a browser keeps between requests. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  /** Follows redirects on the ledger's own origin and returns the last answer: a page, or the redirect that leads elsewhere. */
  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const answer = await this.#request(url, init);
    const location = answer.headers.get("location");
    if (location === null) return answer;
    const to = new URL(location, url);
    return to.origin === new URL(url).origin ? await this.go(to.href) : answer;
  }

  async #request(url: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { ...init, headers: { ...init.headers, cookie }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return answer;
  }
}

const REDIRECT = "http://127.0.0.1:45678/callback";

/** An authorization request with PKCE (RFC 7636), and what redeems its code. */
export function authorizationRequest(endpoint: string, others: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const parameters = {
    ...{ client_id: "minhbach-cli", response_type: "code", redirect_uri: REDIRECT, scope: "openid ledger" },
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    ...{ code_challenge_method: "S256", state: randomUUID(), ...others },
  };
  return {
    url: `${endpoint}?${new URLSearchParams(parameters).toString()}`,
    verifier,
    state: parameters.state,
  };
}

/** Signs on as a demo person by the page, as a program on this machine does it: authorization code with PKCE. */
export async function signOnAs(
  ledgerUrl: string,
  person: string,
  { headers = {}, browser = new Browser() }: { headers?: Record<string, string>; browser?: Browser } = {},
): Promise<Issued> {
  const { authorization_endpoint, token_endpoint } = await discovered(ledgerUrl);
  const { url, verifier, state } = authorizationRequest(authorization_endpoint);
  const page = await browser.go(url);
  expect(page.headers.get("content-type")).to.match(/^text\/html/);
  const back = await browser.go(page.url, {
    method: "POST",
    body: new URLSearchParams({ person }),
  });
  const callback = new URL(back.headers.get("location") ?? "about:blank");
  expect(callback.origin + callback.pathname).to.equal(REDIRECT);
  expect(callback.searchParams.get("state")).to.equal(state);
  const answer = await redeem(
    token_endpoint,
    { code: callback.searchParams.get("code") ?? "", verifier },
    headers,
  );
  expect(answer.status).to.equal(200);
  return (await answer.json()) as Issued;
}

export async function redeem(
  endpoint: string,
  { code, verifier }: { code: string; verifier: string },
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = {
    grant_type: "authorization_code",
    code,
    code_verifier: verifier,
    client_id: "minhbach-cli",
    redirect_uri: REDIRECT,
  };
  return await fetch(endpoint, { method: "POST", headers, body: new URLSearchParams(body) });
}

/** What an agency's system signs to get a token (RFC 7523 section 3). */
export async function clientAssertion(pem: string, agency: string, audience: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return await new SignJWT({
    iss: agency,
    sub: agency,
    aud: audience,
    jti: randomUUID(),
    iat: now,
    exp: now + 60,
  })
    .setProtectedHeader({ alg: "ES256" })
    .sign(await importPKCS8(pem, "ES256"));
}

export async function clientCredentials(
  endpoint: string,
  assertion: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = {
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  };
  return await fetch(endpoint, { method: "POST", headers, body: new URLSearchParams(body) });
}
