/** Verifies what a ledger hands out, with nothing from that ledger: bytes and a trust profile in, checks and a verdict out. */
export * from "./accusation.ts";
export * from "./breach.ts";
export * from "./bundle.ts";
export * from "./audit/audit.ts";
export { NO_PROGRESS, parseProgress, progressJson } from "./audit/progress.ts";
export { type FetchPage, type PublishedLog, publishedLog } from "./audit/published-log.ts";
export type { AuditReport } from "./audit/report.ts";
export * from "./chain.ts";
export * from "./chain-agreement.ts";
export { type Check, type CheckStatus } from "./checks.ts";
export * from "./evidence.ts";
export * from "./gathered.ts";
export * from "./json-rpc.ts";
export * from "./log-tiles.ts";
export * from "./receipt.ts";
export * from "./receipt-promises.ts";
export * from "./statement.ts";
export * from "./trust-profile.ts";
