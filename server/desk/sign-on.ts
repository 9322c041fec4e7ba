import type { LogId } from "../../protocol/log-id.ts";
import { isSignOnText, makeSignOn, type SignOnStatement } from "../../protocol/sign-on.ts";
import type { Source } from "../../protocol/source.ts";
import { holdsPersonalNumber } from "../../protocol/subject.ts";
import type { SignedOn } from "../identity/caller.ts";
import type { JwsAlgorithm, SignBytes } from "../../protocol/jws.ts";

/** Which event a sign-on is a facet of, and when it is written (Unix seconds). */
export interface SignOnPlace {
  readonly log: LogId;
  readonly src: Source;
  readonly seq: number;
  readonly iat: number;
}

/**
 * The facet `signOn` of an event that this caller brought about: a compact JWS by the desk's key. Optional members that do not fit its form, or
 * hold what can be a person's number (that stands in subject facets alone, which are shown to few), are left out; the token's digest names the token all the same. @throws FormatError `sign-on` for an issuer whose name does not fit.
 */
export function signOnFacet(
  by: SignedOn,
  place: SignOnPlace,
  key: { readonly alg: JwsAlgorithm; readonly kid: string; readonly sign: SignBytes },
): string {
  const { issuer, subject, tokenId, client, authenticatedAt, level, expires, tokenDigest } = by.signOn;
  const texts = {
    agency: agencyOf(by),
    sub: subject,
    jti: tokenId,
    client_id: client,
    acr: level,
  };
  const statement: SignOnStatement = {
    ...{ log: place.log, src: place.src, seq: place.seq, role: by.role, iss: issuer },
    ...fitting(texts, by),
    ...(authenticatedAt === undefined ? {} : { auth_time: authenticatedAt }),
    ...{ exp: expires, token: tokenDigest, iat: place.iat },
  };
  return makeSignOn(statement, key);
}

type Texts = Partial<Record<"agency" | "sub" | "jti" | "client_id" | "acr", string>>;

function fitting(texts: { readonly [name in keyof Texts]: string | undefined }, by: SignedOn): Texts {
  const kept: Texts = {};
  for (const name of ["agency", "sub", "jti", "client_id", "acr"] as const) {
    const text = texts[name];
    if (text !== undefined && isSignOnText(name, text) && !namesPerson(text, by)) kept[name] = text;
  }
  return kept;
}

function agencyOf(by: SignedOn): string | undefined {
  switch (by.role) {
    case "agency":
    case "officer":
      return by.agency;
    case "inspector":
      return by.authority;
    default:
      return undefined;
  }
}

function namesPerson(text: string, by: SignedOn): boolean {
  return holdsPersonalNumber(text) || (by.role === "citizen" && text.includes(by.subject.id));
}
