const DAY_SECONDS = 86_400;

/** Unix seconds at which a day of the reader's calendar (`2026-11-22`) begins; undefined for what is no day. */
export function beginOf(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const ms = new Date(`${day}T00:00:00`).getTime();
  return Number.isNaN(ms) ? undefined : ms / 1000;
}

/** Unix seconds at which the next day begins. */
export function endOf(day: string): number | undefined {
  const begin = beginOf(day);
  if (begin === undefined) return undefined;
  const next = new Date(begin * 1000);
  next.setDate(next.getDate() + 1);
  return next.getTime() / 1000;
}

/** For how many whole days something has been so. */
export function daysSince(since: number, now: number): number {
  return Math.max(0, Math.floor((now - since) / DAY_SECONDS));
}
