import type { QueryClient } from "@tanstack/react-query";
import { asProblem, problemOf } from "../api/problem";
import { OWN_REQUEST, tellSession } from "../api/session";

/** End this session, or all of this person's. Throws `Problem`. */
export async function signOut(client: QueryClient, how: "logout" | "logout-everywhere"): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(`/api/auth/${how}`, { method: "POST", headers: OWN_REQUEST });
  } catch (error) {
    throw asProblem(error);
  }
  if (!answer.ok && answer.status !== 401) {
    throw problemOf(answer.status, await answer.json().catch(() => null), answer.headers.get("x-request-id"));
  }
  client.clear();
  tellSession(true);
}
