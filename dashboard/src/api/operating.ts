import { useQueryClient, type Query, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { api, newKey, told } from "./client";
import { Problem } from "./problem";
import type { StartBody } from "./queries";
import type { Operation } from "./shapes";

/** Seconds that one request waits for the end of an operation, and how often it is asked for in all. */
const WAIT_SECONDS = 20;
const MOST_LOOKS = 30;

const wait = (key: string) => ({ "idempotency-key": key, prefer: `wait=${String(WAIT_SECONDS)}` });

/** What can be asked of a preview that is there, as a plan of it is asked for too. */
export type Changed =
  | { action: "extend"; environment: string; issue: string; by: string; ifEnds: string | null; reason: string }
  | { action: "stop"; environment: string; issue: string; reason: string }
  | { action: "sleep" | "wake"; environment: string; issue: string; reason: string }
  | { action: "revive"; environment: string; issue: string };
/** What can be asked for. Each is asked once, whatever is clicked twice: `key` says which request it is. */
export type Wanted = { action: "start"; body: StartBody } | Changed;

function asked(wanted: Wanted, key: string): Promise<Operation> {
  const header = wait(key);
  if (wanted.action === "start") return told(api.POST("/api/v1/previews", { params: { header }, body: wanted.body }));
  const path = { env: wanted.environment, key: wanted.issue };
  switch (wanted.action) {
    case "extend":
      return told(
        api.POST("/api/v1/previews/{env}/{key}/extend", {
          params: { path, header },
          body: { by: wanted.by, ifEnds: wanted.ifEnds, reason: wanted.reason },
        }),
      );
    case "stop":
      return told(api.POST("/api/v1/previews/{env}/{key}/stop", { params: { path, header }, body: { reason: wanted.reason } }));
    case "sleep":
      return told(api.POST("/api/v1/previews/{env}/{key}/sleep", { params: { path, header }, body: { reason: wanted.reason } }));
    case "wake":
      return told(api.POST("/api/v1/previews/{env}/{key}/wake", { params: { path, header }, body: { reason: wanted.reason } }));
    case "revive":
      return told(api.POST("/api/v1/previews/{env}/{key}/revive", { params: { path, header }, body: {} }));
  }
}

/** Whether an operation goes on. */
export const isOpen = (one: Operation): boolean => !["done", "failed", "superseded"].includes(one.state);

/** Have it done, to its end. Throws `Problem` with why it was refused or failed. */
export async function carryOut(wanted: Wanted, key: string = newKey()): Promise<Operation> {
  let one = await asked(wanted, key);
  for (let looks = 0; isOpen(one); looks += 1) {
    if (looks >= MOST_LOOKS) throw new Problem(504, "NotInTime", [], null);
    one = await told<Operation>(
      api.GET("/api/v1/operations/{operation_id}", { params: { path: { operation_id: one.id }, header: { prefer: `wait=${String(WAIT_SECONDS)}` } } }),
    );
  }
  if (one.error) throw new Problem(409, one.error.reason, one.error.faults, null);
  return one;
}

const OF_PREVIEWS = new Set<unknown>(["previews", "preview", "summary", "environments", "queue", "calendar", "operations", "way"]);

/** The revision of the repository that an answer, or the first page of one, is of. */
function revisionOf(data: unknown): string | undefined {
  const told = data as { revision?: string; pages?: unknown[] } | undefined;
  return told?.pages ? revisionOf(told.pages[0]) : told?.revision;
}

/** Have what previews look like read anew; with `now`, only if something that is kept is of another revision than that. */
export async function readAnew(client: QueryClient, now?: string): Promise<void> {
  const isOfPreviews = ({ queryKey }: Query): boolean => OF_PREVIEWS.has(queryKey[0]);
  const isOld = ({ state }: Query): boolean => !state.isInvalidated && (revisionOf(state.data) ?? now) !== now;
  const known = client.getQueryCache().findAll({ predicate: isOfPreviews });
  if (now === undefined || known.some(isOld)) await client.invalidateQueries({ predicate: isOfPreviews });
}

/** `carryOut`, after which what is shown is read anew. */
export function useCarryOut(): (wanted: Wanted, key?: string) => Promise<Operation> {
  const client = useQueryClient();
  return useCallback(
    async (wanted, key) => {
      try {
        return await carryOut(wanted, key);
      } finally {
        void readAnew(client);
      }
    },
    [client],
  );
}
