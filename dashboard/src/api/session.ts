import { learnDate } from "./clock";
import { Problem } from "./problem";

/** The header that says that a change is asked for by this page, which a form of another site cannot send. */
export const OWN_REQUEST = { "X-RTB-Request": "1" } as const;
type Listener = (isSignedOut: boolean) => void;

const listeners = new Set<Listener>();
let refreshing: Promise<boolean> | null = null;

/** Be told when the session ended, and when there is one again. Gives how to be told no more. */
export function onSession(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tell everybody whether somebody is signed in. */
export function tellSession(isSignedOut: boolean): void {
  for (const one of listeners) one(isSignedOut);
}

/** Renew the session, once for all who ask at the same time; whether there is one now. Throws when nobody answers. */
export function refresh(): Promise<boolean> {
  refreshing ??= renewed().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function renewed(): Promise<boolean> {
  const answer = await fetch("/api/auth/refresh", { method: "POST", headers: OWN_REQUEST });
  if (answer.ok) return true;
  if (answer.status === 401 || answer.status === 403 || answer.status === 404) return false;
  throw new Problem(answer.status, "ProviderUnreachable", [], answer.headers.get("x-request-id"));
}

/** `fetch` that renews the session once when it ran out, and tells when there is none any more. */
export async function fetchSignedIn(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await fetch(request);
  learnDate(answer.headers.get("date"));
  if (answer.status !== 401 || request.url.includes("/api/auth/refresh")) return answer;
  if (!(await refresh())) {
    tellSession(true);
    return answer;
  }
  const second = await fetch(again);
  if (second.status === 401) tellSession(true);
  return second;
}
