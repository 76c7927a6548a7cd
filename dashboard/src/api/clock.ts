/** Less than this is how long an answer takes, and that its date has whole seconds only. */
const LEAST_MS = 30_000;

let ahead = 0;
const listeners = new Set<() => void>();

/** The time by the server's clock, in milliseconds: leases end by it, whatever this device's clock says. */
export const serverNow = (): number => Date.now() - ahead;

/** By how many milliseconds this device's clock is ahead of the server's; 0: they agree, as far as can be told. */
export const aheadOfServer = (): number => ahead;

/** Be told when that changes. Gives how to be told no more. */
export function onClock(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Learn from the date of an answer that came just now. */
export function learnDate(date: string | null): void {
  const at = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(at)) return;
  const difference = Date.now() - at;
  const found = Math.abs(difference) < LEAST_MS ? 0 : difference;
  if (Math.abs(found - ahead) < LEAST_MS) return;
  ahead = found;
  for (const one of listeners) one();
}
