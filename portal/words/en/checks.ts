import type { checks as vi } from "../vi/checks.ts";

export const checks: typeof vi = {
  status: {
    passed: "Passed",
    warning: "Passed, with a remark",
    failed: "Failed",
    "not-checked": "Could not be checked",
  },
  detail: "Technical detail:",
  any: {
    chain: {
      title: "The right blockchain",
      meaning: "The machine that was asked holds the known blockchain.",
    },
    registries: {
      title: "The record has its place on the blockchain",
      meaning: "The two programs that keep the fixed numbers and the agencies' keys are there.",
    },
    finality: {
      title: "It cannot be taken back",
      meaning: "The machines of the blockchain have settled on what was <anchor>fixed</anchor>.",
    },
    "log-since": { title: "The record goes on", meaning: "It was not frozen or replaced by another." },
  },
  statement: {
    format: { title: "The file is a statement", meaning: "It can be read and has the right form." },
    log: { title: "The right record", meaning: "The statement is of the record you trust, and of no other." },
    anchor: {
      title: "It was fixed",
      meaning: "The blockchain holds the record's number as of the moment of the statement.",
    },
    entry: {
      title: "Nothing missing, added or changed",
      meaning: "The entries that came are the very ones that the index was fixed with.",
    },
    order: { title: "In the right order", meaning: "Each entry is there once, in the order of the record." },
    closures: {
      title: "What is not shown was lawfully closed",
      meaning:
        "For each <sealed>sealed</sealed> or erased entry there is the order of somebody who could give it.",
    },
    continues: { title: "From the first entry on", meaning: "Nothing earlier was left out." },
    freshness: { title: "It is recent", meaning: "The statement was fixed not long ago." },
  },
  own: {
    about: { title: "The right person", meaning: "The statement is yours, not somebody else's." },
    vrf: {
      title: "Looked up in your own place",
      meaning: "The server cannot have given you somebody else's empty list.",
    },
    index: {
      title: "The index agrees",
      meaning:
        "An <index>index</index> says whose entries are where. The one that was fixed names exactly this number of yours.",
    },
    entries: { title: "Every entry is yours", meaning: "Each entry shows why it is in your list." },
    linked: {
      title: "All your numbers are covered",
      meaning: "If you had another number before, its list is here too.",
    },
  },
  others: {
    about: {
      title: "The right person",
      meaning: "The statement is of the person you are looking at, not somebody else's.",
    },
    vrf: {
      title: "Looked up in this person's place",
      meaning: "The server cannot have given you somebody else's empty list.",
    },
    index: {
      title: "The index agrees",
      meaning:
        "An <index>index</index> says whose entries are where. The one that was fixed names exactly this number of theirs.",
    },
    entries: { title: "Every entry is theirs", meaning: "Each entry shows why it is in their list." },
    linked: {
      title: "All their numbers are covered",
      meaning: "If they had another number before, its list is here too.",
    },
  },
};
