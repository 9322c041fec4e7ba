import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";

import { useCitizen } from "../../api/session.ts";
import type { PersonNumber } from "../../verify/messages.ts";

const KEY = ["whose"];

/** Whose data is looked at. It is kept with what was asked for, and so forgotten with the session; it stands in no address. */
export function useWhose(): readonly [PersonNumber, (person: PersonNumber) => void] {
  const { person: self } = useCitizen();
  const queries = useQueryClient();
  const { data } = useQuery<PersonNumber>({ queryKey: KEY, queryFn: () => self, enabled: false, gcTime: Infinity });
  return [data ?? self, (person) => queries.setQueryData(KEY, person)];
}

/** Which words are right for what is shown: those for another person, where there are any, or those for whoever reads it. */
export type Addressed = "self" | "person";

/** Set by the pages that show another person's data. */
export const AddressedContext = createContext<Addressed>("self");

/** The context of words that may say "you". */
export function useAddressed(): Addressed {
  return useContext(AddressedContext);
}

/** How to speak of this person's data to who is signed on. */
export function useAddressedFor(person: PersonNumber): Addressed {
  const { person: self } = useCitizen();
  return self.scheme === person.scheme && self.id === person.id ? "self" : "person";
}
