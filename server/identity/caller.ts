/** Everybody the ledger tells apart. What a role may call is in permissions.ts, what it may see in protocol/facets.ts. */
export const ROLES = [
  "public",
  "citizen",
  "inspector",
  "agency",
  "officer",
  "operator",
  "registrar",
] as const;
export type Role = (typeof ROLES)[number];

/** A person as the facets name them: an identifier and the scheme it belongs to. */
export interface PersonId {
  readonly scheme: string;
  readonly id: string;
}

/** Who is asking. `name` is for the audit trail of the operator, never for a decision. */
export type Caller =
  | { readonly role: "public" }
  | { readonly role: "citizen"; readonly name: string; readonly subject: PersonId }
  | { readonly role: "agency" | "officer"; readonly name: string; readonly agency: string }
  | { readonly role: "inspector" | "operator" | "registrar"; readonly name: string };

/** A caller who showed no credentials. */
export const PUBLIC: Caller = { role: "public" };
