import type { faults as vi } from "../vi/faults.ts";

export const faults: typeof vi = {
  technical: "Technical detail:",
  broken: {
    title: "This page has a fault",
    advice: "That is our mistake. Reload the page; if it stays, please tell the operator.",
  },
  offline: { title: "Your device is offline", advice: "Check your network connection, then try again." },
  unreachable: {
    title: "The server does not answer",
    advice: "It may be busy, or the network is interrupted. Try again in a few minutes.",
  },
  "part-not-loaded": {
    title: "This part of the page did not load",
    advice: "What you typed is still there. Press again; if that does not help, copy it and reload the page.",
  },
  "not-understood": {
    title: "The server's answer cannot be understood",
    advice: "The page you have open may be an old one. Reload it.",
  },
  signedOut: { title: "Your session has ended", advice: "Sign in again to go on." },
  unauthenticated: { title: "You are not signed in", advice: "Sign in to see this." },
  forbidden: { title: "You may not see this", advice: "It is for another role." },
  "no-mandate": {
    title: "You do not represent this person",
    advice: "No document in force lets you see this person's data.",
  },
  "not-found": { title: "Not found", advice: "It does not exist, or you may not see it." },
  "statement-not-ready": {
    title: "Your statement is not ready yet",
    advice:
      "The record has just started and has not been fixed on the blockchain yet. Try again in a minute.",
  },
  overloaded: {
    title: "The server is very busy",
    advice: "Too many statements are being fetched. Try again in a few minutes.",
  },
  starting: { title: "The server is starting", advice: "Try again in a minute." },
  "consent-not-needed": {
    title: "This needs no consent from you",
    advice: "The law lets the agency do this, so there is nothing to agree to or to refuse.",
  },
  "consent-exists": { title: "This consent exists already", advice: "You find it in the list." },
  "consent-state": {
    title: "This cannot be done any more",
    advice: "The consent changed while you were looking. Reload the list.",
  },
  "catalogue-changed": {
    title: "The rules have just changed",
    advice:
      "There is a new version of the list of procedures. Reload the page and read again before you agree.",
  },
  "complaint-exists": {
    title: "You have complained about this entry",
    advice: "You find it in the list of complaints.",
  },
  "complaint-state": {
    title: "This cannot be done any more",
    advice: "The complaint was answered, decided or taken back meanwhile. Reload.",
  },
  "schema-violation": {
    title: "The text was not accepted",
    advice: "Do not write anybody's identity number or document number here.",
  },
  "rate-limited": { title: "Too many requests", advice: "Wait a moment, then try again." },
  "look-not-recorded": {
    title: "Not to be seen right now",
    advice: "That you look has to be recorded first, and that is not possible now. Try again later.",
  },
  "no-inbox": { title: "There is no inbox here", advice: "The operator has not opened an inbox service." },
  "inbox-unavailable": {
    title: "The inbox does not answer",
    advice: "Everything else works. Try again in a few minutes.",
  },
  "already-answered": {
    title: "You have answered this message",
    advice: "The first answer stands. Reload the inbox.",
  },
  "too-late": { title: "The time to answer is over", advice: "This message cannot be answered any more." },
  "case-over": { title: "This matter is closed", advice: "This message needs no answer any more." },
  server: { title: "The server has a fault", advice: "Try again in a few minutes." },
  other: { title: "That did not work", advice: "The server did not accept the request." },
};
