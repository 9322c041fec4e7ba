import type { LogId } from "../../protocol/log-id.ts";
import { isSignOnText, makeSignOn, type SignOnStatement } from "../../protocol/sign-on.ts";
import type { Source } from "../../protocol/source.ts";
import type { SignedOn } from "../identity/caller.ts";
import type { Signer } from "../sequence/receipts.ts";

/** Which event a sign-on is a facet of, and when it is written (Unix seconds). */
export interface SignOnPlace {
  readonly log: LogId;
  readonly src: Source;
  readonly seq: number;
  readonly iat: number;
}

/** What can be a citizen's number stands in subject facets alone, which are shown to few. */
const PERSONAL_NUMBER = /(?<![0-9])[0-9]{12}(?![0-9])/;

/**
 * The facet `signOn` of an event that this caller brought about: a compact JWS by the desk's key. Optional members that do not fit its form are
 * left out; the token's digest names the token all the same. @throws FormatError `sign-on` for an issuer whose name does not fit.
 */
export function signOnFacet(by: SignedOn, place: SignOnPlace, key: Signer): string {
  const { issuer, subject, tokenId, client, authenticatedAt, level, expires, tokenDigest } = by.signOn;
  const texts = {
    agency: agencyOf(by),
    sub: isPersonalNumber(subject, by) ? undefined : subject,
    jti: tokenId,
    client_id: client,
    acr: level,
  };
  const statement: SignOnStatement = {
    ...{ log: place.log, src: place.src, seq: place.seq, role: by.role, iss: issuer },
    ...fitting(texts),
    ...(authenticatedAt === undefined ? {} : { auth_time: authenticatedAt }),
    ...{ exp: expires, token: tokenDigest, iat: place.iat },
  };
  return makeSignOn(statement, key);
}

type Texts = Partial<Record<"agency" | "sub" | "jti" | "client_id" | "acr", string>>;

function fitting(texts: { readonly [name in keyof Texts]: string | undefined }): Texts {
  const kept: Texts = {};
  for (const name of ["agency", "sub", "jti", "client_id", "acr"] as const) {
    const text = texts[name];
    if (text !== undefined && isSignOnText(name, text)) kept[name] = text;
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

function isPersonalNumber(text: string, by: SignedOn): boolean {
  return PERSONAL_NUMBER.test(text) || (by.role === "citizen" && text.includes(by.subject.id));
}
