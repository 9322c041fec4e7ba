/** A person as the facets name them: an identifier and the scheme it belongs to. */
export interface PersonId {
  readonly scheme: string;
  readonly id: string;
}

/**
 * By which sign-on a caller is here, for the record of what they do: enough to ask the issuer about it, and never the token itself, which
 * would let every reader of the record act in its place.
 */
export interface SignOn {
  /** The issuer's URL; `development` for a development token. */
  readonly issuer: string;
  /** The caller as the issuer names them (`sub`): a name in the issuer's books, not a person's number. */
  readonly subject: string;
  /** The token's id (`jti`). */
  readonly tokenId?: string;
  /** The program that the token was issued to (`client_id`). */
  readonly client?: string;
  /** When the person showed who they are (`auth_time`), Unix seconds. */
  readonly authenticatedAt?: number;
  /** How sure the issuer is of it (`acr`). */
  readonly level?: string;
  /** When the token ends (`exp`), Unix seconds. */
  readonly expires: number;
  /** SHA-256 of the token as it was sent, base64url: holds the operator to the token that the issuer issued. */
  readonly tokenDigest: string;
}

/**
 * Who is asking, in one of the roles of protocol/visibility.ts. What a role may call is in permissions.ts; what it sees of an event,
 * in disclose/. `name` is stable for one caller: it stands in the record of what an official did and counts what a caller has under way; it never decides what
 * they see.
 */
export type Caller = { readonly role: "public" } | SignedOn;

/** A caller who showed who they are. */
export type SignedOn = { readonly name: string; readonly signOn: SignOn } & (
  | { readonly role: "citizen"; readonly subject: PersonId }
  /** A system of the agency, or its data-protection officer; the officer of the operator's agency is the ledger's own. */
  | { readonly role: "agency" | "officer"; readonly agency: string }
  /** `authority`: the code of the inspectorate. */
  | { readonly role: "inspector"; readonly authority: string }
  | { readonly role: "operator" | "registrar" }
);

/** A caller who showed no credentials. */
export const PUBLIC: Caller = { role: "public" };
