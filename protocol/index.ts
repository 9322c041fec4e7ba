/** The formats of Minh Bạch: strict parsers, builders and the Merkle tree, pure and for any JavaScript runtime. */
export * from "./accusation.ts";
export * from "./age.ts";
export * from "./breach.ts";
export * from "./bundle.ts";
export * from "./bytes.ts";
export * from "./checkpoint.ts";
export * from "./consent.ts";
export * from "./closing.ts";
export * from "./decision.ts";
export * from "./decision-jws.ts";
export * from "./disclosure.ts";
export * from "./erasure-query.ts";
export * from "./errors.ts";
export * from "./event.ts";
export * from "./evidence.ts";
export * from "./facet-schemas.ts";
export * from "./facet-values.ts";
export * from "./facets.ts";
export * from "./frontier.ts";
export * from "./gathered.ts";
export * from "./grant.ts";
export * from "./index-keys.ts";
export * from "./index-tree.ts";
export * from "./json.ts";
export * from "./jws.ts";
export * from "./log-id.ts";
export * from "./merkle.ts";
export * from "./moment.ts";
export * from "./note.ts";
export * from "./objection.ts";
export * from "./payload.ts";
export * from "./plain-event.ts";
export * from "./procedures.ts";
export * from "./proof-nodes.ts";
export * from "./proportion.ts";
export * from "./range-proof.ts";
export * from "./receipt.ts";
export * from "./sample.ts";
export * from "./reveal.ts";
export { sha256, sha256Base64url } from "#sha256";
export * from "./sign-on.ts";
export * from "./source.ts";
export * from "./statement.ts";
export {
  statementClosureLine,
  statementEndLine,
  statementEventLine,
  statementHeadLine,
} from "./statement-lines.ts";
export * from "./subject.ts";
export * from "./submission.ts";
export * from "./tile.ts";
export * from "./tlog-proof.ts";
export * from "./visibility.ts";
export * from "./vrf.ts";
