import path from "node:path";
import { fromUtf8 } from "../protocol/bytes.ts";
import { BUNDLE_TYPE, formatBundle, MAX_BUNDLE_BYTES, parseBundle } from "../protocol/bundle.ts";
import { parseShownEvent } from "../protocol/event.ts";
import type { Disclosure } from "../protocol/disclosure.ts";
import { FormatError } from "../protocol/errors.ts";
import { type Evidence, formatEvidence, parseEvidence, parseEvidenceFile } from "../protocol/evidence.ts";
import { type FacetName, isFacetName } from "../protocol/facets.ts";
import { revealFacets } from "../protocol/reveal.ts";
import { typeOf } from "./artefacts.ts";
import { type Command, parseArguments, UnusableInput } from "./command.ts";
import { renderParts, renderRows } from "./report.ts";
import { coloured, printable, type Terminal, wrap } from "./terminal.ts";

const HELP = `Usage: minhbach reveal EVIDENCE --facets NAME[,NAME]... [-o FILE]
       minhbach reveal EVIDENCE --list

Cuts evidence down to the facets that somebody needs to see. What is left proves the same event:
minhbach verify reads it like any evidence. Needs no ledger and no node.

  EVIDENCE         the evidence file, or an evidence bundle, each of whose events keeps those of
                   the facets that it shows; - reads standard input
  --facets NAMES   the facets to keep, such as type,time,data; everything else is taken out
  -o, --out FILE   where to write (standard output)
  --list           print which facets the file shows, and write nothing

What is taken out stays as a salted digest, which nobody can open or guess. The number of
closed digests, the agency and the event's place in the log stay visible, and everybody who
holds another cut of the same event can see that it is the same.

Ends with 0 when it is done, and 2 when the input cannot be used. It does not verify: do that
with the result.
`;

/** What is shown of a value in a list. */
const MAX_LISTED = 60;

/** `minhbach reveal`. */
export const revealCommand: Command = {
  name: "reveal",
  summary: "cut evidence down to chosen facets",
  help: HELP,
  async run(args, { terminal, read, write }) {
    const { name, facets, list, out } = parseRevealArguments(args);
    const file = fileIn(name, await read(name, MAX_BUNDLE_BYTES));
    if (list) {
      terminal.out(file.events.map((event) => renderShown(event, terminal)).join("\n"));
      return 0;
    }
    const text = file.cut(chosen(facets, file.events));
    if (out === undefined) terminal.out(text);
    else {
      await write(out, text);
      const kept = `${out} shows ${facets.join(", ")}; check it with minhbach verify before you give it away.`;
      terminal.out(`${wrap(printable(kept), terminal.columns).join("\n")}\n`);
    }
    return 0;
  },
};

interface RevealArguments {
  readonly name: string;
  readonly facets: readonly string[];
  readonly list: boolean;
  readonly out: string | undefined;
}

function parseRevealArguments(args: readonly string[]): RevealArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      facets: { type: "string", multiple: true, default: [] },
      list: { type: "boolean", default: false },
      out: { type: "string", short: "o" },
    },
  });
  const [name, ...more] = positionals;
  if (name === undefined) throw new UnusableInput("name the evidence file to cut");
  if (more.length > 0)
    throw new UnusableInput("name one file at a time, and the facets with commas only: type,time");
  const facets = values.facets.flatMap((names) => names.split(",")).map((facet) => facet.trim());
  if (values.list && facets.length > 0) throw new UnusableInput("ask for --list or for --facets, not both");
  if (values.out !== undefined && path.resolve(values.out) === path.resolve(name))
    throw new UnusableInput("write to another file: what is cut out of this one could not be put back");
  if (!values.list && facets.length === 0)
    throw new UnusableInput("name the facets to keep with --facets; --list prints which there are");
  return { name, facets, list: values.list, out: values.out };
}

/** A file that can be cut. */
interface Revealing {
  readonly events: readonly Evidence["event"][];
  /** The file's text with these facets alone. */
  readonly cut: (facets: readonly FacetName[]) => string;
}

function fileIn(name: string, bytes: Uint8Array): Revealing {
  const isBundle = typeOf(new TextDecoder().decode(bytes)) === BUNDLE_TYPE;
  try {
    return isBundle ? bundleIn(bytes) : evidenceIn(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new UnusableInput(`${name} is no ${isBundle ? "evidence bundle" : "evidence"}: ${cause.message}`, {
      cause,
    });
  }
}

function evidenceIn(bytes: Uint8Array): Revealing {
  const text = fromUtf8(bytes);
  const file = parseEvidenceFile(text);
  const { event } = parseEvidence(text);
  return { events: [event], cut: (facets) => formatEvidence(revealFacets(file, facets)) };
}

function bundleIn(bytes: Uint8Array): Revealing {
  const bundle = parseBundle(bytes);
  const events = bundle.items.map(({ evidence }) => parseShownEvent(evidence.event));
  return {
    events,
    cut: (facets) =>
      formatBundle({
        ...bundle,
        items: bundle.items.map((item, at) => {
          const shown = namesIn(events[at]);
          const kept = facets.filter((facet) => shown.includes(facet));
          return { ...item, evidence: revealFacets(item.evidence, kept) };
        }),
      }),
  };
}

/** The names asked for, each known and shown by some event. */
function chosen(names: readonly string[], events: readonly Evidence["event"][]): readonly FacetName[] {
  const shown = [...new Set(events.flatMap(namesIn))];
  const has = shown.length === 0 ? "it shows none" : `it shows ${shown.join(", ")}`;
  return names.map((name) => {
    if (!isFacetName(name)) throw new UnusableInput(`no facet is called ${JSON.stringify(name)}; ${has}`);
    if (!shown.includes(name)) throw new UnusableInput(`the file does not show the facet ${name}; ${has}`);
    return name;
  });
}

function namesIn(event: Evidence["event"] | undefined): readonly FacetName[] {
  return facetsOf(event?.disclosures ?? []).map(({ name }) => name);
}

function facetsOf(
  disclosures: readonly Disclosure[],
): readonly (Disclosure & { readonly name: FacetName })[] {
  return disclosures.flatMap((each) => (isFacetName(each.name) ? [{ ...each, name: each.name }] : []));
}

function renderShown({ payload, disclosures }: Evidence["event"], terminal: Terminal): string {
  const closed = payload.sd.length - disclosures.length;
  const heading = `Event ${payload.seq} of ${payload.src}`;
  const rows = facetsOf(disclosures).map(({ name, value }) => [name, short(value)] as const);
  return renderParts([
    `${coloured(terminal, "bold", heading)} (${closed} more ${closed === 1 ? "digest stays" : "digests stay"} closed)`,
    rows.length === 0 ? "It shows no facet." : renderRows(rows, terminal),
  ]);
}

function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= MAX_LISTED ? text : `${text.slice(0, MAX_LISTED - 1)}…`;
}
