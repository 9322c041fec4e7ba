import { isJsonObject } from "../../protocol/json.ts";
import { type Proportion, proportion } from "../../protocol/proportion.ts";
import { InspectionError } from "./ledger-calls.ts";

/** What inspections found, of an agency or of one of its procedures. */
export interface Inspected {
  /** How many grants were looked at, each counted once. */
  readonly inspected: number;
  readonly notInOrder: number;
  /** The share that was not in order. */
  readonly share: Proportion;
}

export interface AgencyRate extends Inspected {
  readonly agency: string;
  readonly procedures: readonly (Inspected & { readonly procedure: string })[];
}

export interface Rates {
  readonly agencies: readonly AgencyRate[];
  /** Of one sample: how many grants were drawn, and which were passed over, so that nobody chooses among what was drawn. */
  readonly drawn?: { readonly granted: number; readonly passedOver: readonly number[] };
}

/** The rates in an answer of the ledger; the shares are computed here, from its counts. @throws InspectionError `malformed` */
export function ratesIn({ agencies, granted, passedOver }: Readonly<Record<string, unknown>>): Rates {
  const list = rowsOf(agencies).map((row) => ({
    ...inspectedIn(row),
    agency: textIn(row, "agency"),
    procedures: rowsOf(row["procedures"]).map((each) => ({
      ...inspectedIn(each),
      procedure: textIn(each, "procedure"),
    })),
  }));
  if (typeof granted !== "number" || !Array.isArray(passedOver)) return { agencies: list };
  return {
    agencies: list,
    drawn: { granted, passedOver: passedOver.filter((each) => typeof each === "number") },
  };
}

function inspectedIn({ inspected, notInOrder }: Readonly<Record<string, unknown>>): Inspected {
  if (typeof inspected !== "number" || typeof notInOrder !== "number") throw malformed();
  try {
    return { inspected, notInOrder, share: proportion(notInOrder, inspected) };
  } catch (error) {
    if (error instanceof RangeError) throw malformed();
    throw error;
  }
}

function rowsOf(value: unknown): Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value) || !(value as unknown[]).every(isJsonObject)) throw malformed();
  return value as Readonly<Record<string, unknown>>[];
}

function textIn(row: Readonly<Record<string, unknown>>, name: string): string {
  const text = row[name];
  if (typeof text !== "string") throw malformed();
  return text;
}

function malformed(): InspectionError {
  return new InspectionError("malformed", "the ledger's answer holds no rates");
}
