import { ApiError } from "../../api/error.ts";
import { type SignedOn, useSession } from "../../api/session.ts";

export type Overseer = Extract<SignedOn, { role: "inspector" | "officer" }>;

/** The inspector or officer who is signed on, where the page is shown to nobody else. @throws ApiError */
export function useOverseer(): Overseer {
  const { data } = useSession();
  const signedOn = data?.signedOn;
  if (signedOn?.role === "inspector" || signedOn?.role === "officer") return signedOn;
  throw new ApiError("unauthenticated", "Sign on first.", { status: 401 });
}
