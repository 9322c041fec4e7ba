/** Preloaded (`node --import`) into processes whose minutes are to pass in seconds: `Date` alone runs faster, from a moment that all of them share. */
const FACTOR = 20;
const RealDate = Date;
const from = Number(process.env["FAST_DATE_FROM"]);

const now = () => Math.floor(from + (RealDate.now() - from) * FACTOR);

globalThis.Date = class extends RealDate {
  /** @param {[]} given what a date is made of; the fast present where nothing is given */
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }

  static now() {
    return now();
  }
};
