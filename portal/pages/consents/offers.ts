import type { Catalogue } from "../../api/catalogue.ts";

/** Something that the public catalogue lets a person agree to: one procedure's passing on of data that no law allows by itself. */
export interface Offer {
  readonly key: string;
  readonly procedure: string;
  /** Codes of the agencies that may receive. */
  readonly recipients: readonly string[];
  readonly personalData: readonly string[];
  /** Code of the agency that answers for it. */
  readonly controller: string;
}

/** Everything there is to agree to. Where the law is the basis there is nothing to agree to, and so nothing here. Pure. */
export function offersIn({
  procedures,
  members,
}: Pick<Catalogue, "procedures" | "members">): readonly Offer[] {
  const agenciesOf = (kinds: readonly string[]): string[] =>
    Object.entries(members)
      .filter(([, of]) => of.some((kind) => kinds.includes(kind)))
      .map(([code]) => code);
  return procedures.flatMap(({ code, leadAgencies, providers }) =>
    providers
      .filter(({ consentNeeded }) => consentNeeded)
      .flatMap(({ agency, to, personalData }) => {
        const recipients = agenciesOf(to ?? leadAgencies);
        const [controller] = [...agenciesOf(leadAgencies), ...recipients];
        if (controller === undefined || recipients.length === 0) return [];
        return [{ key: `${code} ${agency}`, procedure: code, recipients, personalData, controller }];
      }),
  );
}
