import createClient from "openapi-fetch";
import type { paths } from "../api";
import { asProblem, Problem, problemOf } from "./problem";
import { fetchSignedIn, OWN_REQUEST } from "./session";

/** Calls of the API, typed by its OpenAPI document. */
export const api = createClient<paths>({ fetch: fetchSignedIn, headers: OWN_REQUEST });
// Answers are worded in the language of the page, which may be another than the browser's.
api.use({ onRequest: ({ request }) => request.headers.set("accept-language", document.documentElement.lang || "en") });

interface Answered {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** What an answer says. Throws `Problem`. */
export async function told<T>(answering: Promise<Answered>): Promise<T> {
  let answered: Answered;
  try {
    answered = await answering;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw asProblem(error);
  }
  const { data, error, response } = answered;
  if (response.ok) return data as T;
  throw problemOf(response.status, error, response.headers.get("x-request-id"));
}

/** A key by which a request that is sent twice is done once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export { Problem };
