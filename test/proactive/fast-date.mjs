/** Preloaded (`node --import`) into processes whose minutes are to pass in seconds: `Date` alone runs faster, from a moment that all of them share. */
const FACTOR = 10;
const RealDate = Date;
const from = Number(process.env["FAST_DATE_FROM"]);
/** When that moment was, by the machine's clock. */
const since = Number(process.env["FAST_DATE_SINCE"]);

const now = () => Math.floor(from + (RealDate.now() - since) * FACTOR);

globalThis.Date = new Proxy(RealDate, {
  construct: (_date, given, made) =>
    /** @type {Date} */ (Reflect.construct(RealDate, given.length === 0 ? [now()] : given, made)),
  get: (date, name) => /** @type {unknown} */ (name === "now" ? now : Reflect.get(date, name)),
});
