import type { Role } from "../../protocol/visibility.ts";

/** A person as the facets name them: an identifier and the scheme it belongs to. */
export interface PersonId {
  readonly scheme: string;
  readonly id: string;
}

/**
 * Who is asking, in one of the roles of protocol/visibility.ts. What a role may call is in permissions.ts; what it sees of an event,
 * in disclose/. `name` is for the audit trail of the operator and for counting what one caller has under way, never for a decision on what they see.
 */
export type Caller = { readonly role: Role } & (
  | { readonly role: "public" }
  | { readonly role: "citizen"; readonly name: string; readonly subject: PersonId }
  | { readonly role: "agency" | "officer"; readonly name: string; readonly agency: string }
  | { readonly role: "inspector" | "operator" | "registrar"; readonly name: string }
);

/** A caller who showed no credentials. */
export const PUBLIC: Caller = { role: "public" };
