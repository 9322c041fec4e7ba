import type { log as vi } from "../vi/log.ts";

export const log: typeof vi = {
  title: "State of the record",
  lead: "Anybody can see how the record is doing: how many entries it has, how much of it is fixed, and which agency has long sent nothing.",
  live: "The page brings itself up to date every 10 seconds.",
  paused: "Paused: the numbers stand still.",
  pause: "Pause the updates",
  goOn: "Go on updating",
  stale: "It could not be brought up to date",
  staleWhy: "The server did not answer just now. The numbers below are those of {{time}}.",
  ready: "The record takes new entries and is fixed in time",
  notReady: "The record has a problem",
  noChain: "The server cannot ask the blockchain.",
  entries: "Entries in the record",
  entriesMore: "{{published}} published, {{indexed}} in the <index>index</index>",
  lastAnchor: "Last fixed",
  lastAnchorMore: "{{time}}, <block>block</block> {{block}}, with the first {{size}} entries",
  never: "not yet",
  lag: "Waiting to be fixed",
  lagIs: "Entries: {{count}}",
  lagNone: "no entry has to wait",
  lagMore: "the oldest has waited for {{seconds}} seconds",
  chain: "Newest block of the blockchain",
  chainAsked: "asking…",
  chainUnknown: "cannot be asked",
  chainMore: "{{time}}; the record was fixed {{anchors}} times. Your own browser read this.",
  chainWhy: "The server or the blockchain's machine does not answer. The page will ask again by itself.",
  agreement: {
    same: "What is published is what was fixed",
    sameWhy:
      "Your browser compared them: the {{published}} entries that are published have the number that the blockchain holds.",
    grown: "The record has grown since it was last fixed",
    grownWhy:
      "There are {{more}} new entries after the {{anchored}} that are fixed. They will be in the next one.",
    behind: "It has just been fixed again",
    behindWhy:
      "The blockchain has {{anchored}} entries, the page just read {{published}}. They will agree at the next update.",
    differs: "What is published is not what was fixed",
    differsWhy:
      "They both have {{published}} entries and two different numbers. That must not happen: tell the inspectorate.",
  },
  sources: "Who writes to the record",
  sourcesWhy:
    "Each agency writes with one machine or more. Those silent for longest come first: there may be nothing to write, or something is not being written.",
  noSources: "Nobody has written yet",
  noSourcesWhy: "Once an agency sends its first entry, its name is here.",
  sourceEvents: "Entries: {{count}}",
  heard: "Last heard: {{ago}} ({{time}})",
  moreSources: "There are more; the whole list is at /v1/sources.",
  further: "See also",
  toStatistics: "Statistics by agency",
  toVerify: "Verify a file",
};
