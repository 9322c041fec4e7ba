import {
  type ConsentAct,
  type ConsentRules,
  type ConsentState,
  type ErasedConsentAct,
  isEndingState,
  isFinalState,
  isPermittingState,
  MAX_CONSENT_ACTS,
} from "../../protocol/consent.ts";

/** Where an act of a consent stands in the log, and what can be said of it without opening it. */
export interface ActPlace {
  readonly index: number;
  readonly state: ConsentState | "erased";
  readonly byDesk: boolean;
}

/** In the order in which they are stored: append only. */
const STATES: readonly (ConsentState | "erased")[] = [
  "erased",
  "ConsentRequested",
  "ConsentRequestDeferred",
  "ConsentGiven",
  "RenewedConsentGiven",
  "ConsentRefused",
  "ConsentWithdrawn",
  "ConsentRevoked",
  "ConsentExpired",
  "ConsentInvalidated",
];
const BY_DESK = 0x80;
const PLACE_BYTES = 7;
const INDEX_BYTES = 6;

export function placeOf(act: ConsentAct | ErasedConsentAct, { desk }: ConsentRules): ActPlace {
  if (act.kind === "erased") return { index: act.index, state: "erased", byDesk: false };
  return { index: act.index, state: act.consent.state, byDesk: act.source === desk };
}

/**
 * The places after one more act; the same ones when they hold it already. Beyond `MAX_CONSENT_ACTS` nothing is kept but the first end of each kind, so
 * that no flood hides an end. The desk's have room of their own: whatever agencies say of a consent, what
 * its person gave, and confirmed for less, is not lost.
 */
export function afterPlace(places: readonly ActPlace[], place: ActPlace): readonly ActPlace[] {
  if (places.some(({ index }) => index === place.index)) return places;
  const isEnd = place.state === "erased" || isEndingState(place.state);
  const alike = places.filter(({ byDesk }) => byDesk === place.byDesk);
  const isRoom =
    alike.length < MAX_CONSENT_ACTS ||
    (isEnd && !alike.slice(MAX_CONSENT_ACTS).some(({ state }) => state === place.state));
  return isRoom ? [...places, place] : places;
}

/** Whether the desk recorded any of them. */
export function hasDeskAct(places: readonly ActPlace[]): boolean {
  return places.some(({ byDesk }) => byDesk);
}

/** Whether they may add up to a permission: then the acts themselves are asked. */
export function mayPermit(places: readonly ActPlace[]): boolean {
  const isOver = places.some(({ state }) => state === "erased" || isFinalState(state));
  return (
    !isOver && places.some(({ state, byDesk }) => byDesk && state !== "erased" && isPermittingState(state))
  );
}

export function placesRow(places: readonly ActPlace[]): Buffer {
  const row = Buffer.alloc(places.length * PLACE_BYTES);
  for (const [at, { index, state, byDesk }] of places.entries()) {
    row.writeUInt8(STATES.indexOf(state) | (byDesk ? BY_DESK : 0), at * PLACE_BYTES);
    row.writeUIntBE(index, at * PLACE_BYTES + 1, INDEX_BYTES);
  }
  return row;
}

/** The format of the derived database vouches for the row; none is an empty one. */
export function parsePlaces(row: Buffer): ActPlace[] {
  const places: ActPlace[] = [];
  for (let at = 0; at + PLACE_BYTES <= row.length; at += PLACE_BYTES) {
    const byte = row.readUInt8(at);
    const state = STATES[byte & ~BY_DESK];
    if (state === undefined) throw new Error("the derived database holds consents in no known form");
    places.push({ index: row.readUIntBE(at + 1, INDEX_BYTES), state, byDesk: (byte & BY_DESK) !== 0 });
  }
  return places;
}
