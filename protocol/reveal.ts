/** Cutting evidence down to chosen facets: what is taken out stays a digest that nobody without its salt can open or guess. */
import { FormatError } from "./errors.ts";
import { parseShownEvent, showEvent } from "./event.ts";
import type { EvidenceFile } from "./evidence.ts";
import { DECOY, type FacetName } from "./facets.ts";
import { formatTlogProof, parseTlogProof } from "./tlog-proof.ts";

/**
 * The same evidence with these facets alone, and so without decoys, whose openings would tell which digests hide something. It
 * verifies as before: the payload, and with it every hash, signature and proof, stays as it is. The bytes that a proof may carry
 * beside itself are left out, since nobody knows what they say. Throws FormatError `facet-missing` for a facet that the file
 * does not show, and as `parseShownEvent` and `parseTlogProof` do.
 */
export function revealFacets(file: EvidenceFile, names: Iterable<FacetName>): EvidenceFile {
  const event = parseShownEvent(file.event);
  const wanted: ReadonlySet<string> = new Set(names);
  for (const name of wanted) {
    if (name === DECOY || !event.disclosures.some((disclosure) => disclosure.name === name)) {
      throw new FormatError("facet-missing", `this evidence does not show a facet ${name}`);
    }
  }
  const { index, hashes, checkpoint } = parseTlogProof(file.proof);
  return {
    ...file,
    event: showEvent(event, ({ name }) => wanted.has(name)),
    proof: formatTlogProof({ index, hashes, checkpoint }),
  };
}
