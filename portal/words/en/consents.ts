import type { consents as vi } from "../vi/consents.ts";

export const consents: typeof vi = {
  title: "My consents",
  states: {
    ConsentRequested: "an agency is asking you",
    ConsentRequestDeferred: "you will decide later",
    ConsentGiven: "given",
    RenewedConsentGiven: "renewed",
    ConsentRefused: "refused",
    ConsentWithdrawn: "withdrawn",
    ConsentRevoked: "not used any more by the agency",
    ConsentExpired: "ended",
    ConsentInvalidated: "declared to be without effect",
  },
};
