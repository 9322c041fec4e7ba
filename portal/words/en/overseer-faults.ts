import type { overseerFaults as vi } from "../vi/overseer-faults.ts";

export const overseerFaults: typeof vi = {
  "unknown-complaint": {
    title: "There is no such complaint",
    advice: "The address may be mistyped, or the complaint is not for you to see.",
  },
  "unknown-finding": {
    title: "There is no such finding",
    advice: "The address may be mistyped, or the finding is not your agency's.",
  },
  "finding-state": {
    title: "This cannot be done any more",
    advice: "Somebody has just said something about this finding. Reload the page and read it again.",
  },
  "unknown-queue": { title: "There is no such queue", advice: "The address may be mistyped." },
  "unknown-event": {
    title: "The record has no such entry",
    advice: "Look at its place in the record again.",
  },
  "unknown-seal": {
    title: "This seal cannot be changed here",
    advice: "A seal that an agency's recorder recorded is extended or lifted by that agency.",
  },
  "seal-state": {
    title: "This seal closes nothing any more",
    advice: "It has ended or was lifted. Place a new one if there is reason to.",
  },
  "not-sealable": {
    title: "One of these cannot be sealed",
    advice: "Only entries about people can be sealed, and neither rights to represent nor what is erased.",
  },
};
