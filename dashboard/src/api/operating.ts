import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { api, newKey, told } from "./client";
import { Problem } from "./problem";
import type { StartBody } from "./queries";
import type { Operation } from "./shapes";

/** Seconds that one request waits for the end of an operation, and how often it is asked for in all. */
const WAIT_SECONDS = 20;
const MOST_LOOKS = 30;

const wait = (key: string) => ({ "idempotency-key": key, prefer: `wait=${String(WAIT_SECONDS)}` });

/** What can be asked of a preview. Each is asked once, whatever is clicked twice: `key` says which request it is. */
export type Wanted =
  | { action: "start"; body: StartBody }
  | { action: "extend"; environment: string; issue: string; by: string; ifEnds: string | null; reason: string }
  | { action: "stop"; environment: string; issue: string; reason: string }
  | { action: "revive"; environment: string; issue: string; ttl?: string };

function asked(wanted: Wanted, key: string): Promise<Operation> {
  const header = wait(key);
  if (wanted.action === "start") return told(api.POST("/api/v1/previews", { params: { header }, body: wanted.body }));
  const path = { env: wanted.environment, key: wanted.issue };
  switch (wanted.action) {
    case "extend":
      return told(
        api.POST("/api/v1/previews/{env}/{key}/extend", {
          params: { path, header },
          body: { by: wanted.by, ...(wanted.ifEnds ? { ifEnds: wanted.ifEnds } : {}), reason: wanted.reason },
        }),
      );
    case "stop":
      return told(api.POST("/api/v1/previews/{env}/{key}/stop", { params: { path, header }, body: { reason: wanted.reason } }));
    case "revive":
      return told(
        api.POST("/api/v1/previews/{env}/{key}/revive", { params: { path, header }, body: wanted.ttl ? { ttl: wanted.ttl } : {} }),
      );
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

/** Have what previews look like read anew. */
export async function readAnew(client: QueryClient): Promise<void> {
  const about = new Set(["previews", "preview", "summary", "environments", "queue", "calendar", "operations", "way"]);
  await client.invalidateQueries({ predicate: (query) => about.has(String(query.queryKey[0])) });
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
