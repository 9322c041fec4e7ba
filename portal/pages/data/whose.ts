import { useQuery, useQueryClient } from "@tanstack/react-query";

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
