import type { ToldFault } from "./shapes";

/** Why a request was refused, or could not be made. `status` 0: no answer came at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly faults: readonly ToldFault[],
    readonly requestId: string | null,
  ) {
    super(faults.map((one) => one.message).join("; ") || reason);
    this.name = "Problem";
  }

  /** Whether nobody is signed in any more. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }

  /** Whether asking again may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function isRecord(told: unknown): told is Record<string, unknown> {
  return typeof told === "object" && told !== null;
}

/** The problem in an answer that is none of success; `body` is its JSON, or anything else. */
export function problemOf(status: number, body: unknown, requestId: string | null): Problem {
  if (!isRecord(body)) return new Problem(status, "Unexpected", [], requestId);
  const faults = Array.isArray(body.faults) ? (body.faults as ToldFault[]) : [];
  const reason = typeof body.reason === "string" ? body.reason : "Unexpected";
  return new Problem(status, reason, faults, typeof body.requestId === "string" ? body.requestId : requestId);
}

/** What was thrown, as a problem. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, "ServerUnreachable", [], null);
}
