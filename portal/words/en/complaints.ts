import type { complaints as vi } from "../vi/complaints.ts";

export const complaints: typeof vi = {
  title: "My complaints",
  states: {
    filed: "filed, waiting for the agency's answer",
    answered: "answered by the agency, waiting for a decision",
    decided: "decided",
    withdrawn: "taken back by you",
    closed: "closed",
  },
};
