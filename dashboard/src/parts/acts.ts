/** One preview that something is to be done with. `ends`: the end that was seen. */
export interface Target {
  environment: string;
  issue: string;
  ends: string | null;
}
export type Act = "extend" | "stop" | "revive" | "sleep" | "wake";
export interface ActProps {
  act: Act;
  targets: readonly Target[];
  close: (isDone: boolean) => void;
}
/** How many may be changed at once. */
export const MOST_AT_ONCE = 20;
