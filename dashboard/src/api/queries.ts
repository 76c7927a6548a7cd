import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { components } from "../api";
import { api, told } from "./client";
import { asProblem } from "./problem";
import type {
  Approval, AuditEntry, Blueprint, BlueprintForm, Calendar, Delivery, Difference, Environment, About, History,
  Job, Me, Operation, Place, Plan, PreviewAnswer, PreviewPage, Session, Statistics, Summary, Token, Way,
} from "./shapes";

/** What is asked of a start. */
export type StartBody = components["schemas"]["StartBody"];

/** What the list of previews is narrowed to, as its address and the API have it; empty: all. */
export interface Filters {
  env: string;
  phase: string;
  project: string;
  requester: string;
  text: string;
  sort: "key" | "ends" | "owner" | "price";
  reverse: boolean;
}

/** Minutes east of UTC: days are those of who looks. */
export const offsetMinutes = (): number => -new Date().getTimezoneOffset();

export function usePreviews(filters: Filters) {
  return useInfiniteQuery({
    queryKey: ["previews", filters],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      told<PreviewPage>(api.GET("/api/v1/previews", { params: { query: { ...filters, after: pageParam, limit: 50 } }, signal })),
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

export function usePreview(env: string, key: string) {
  return useQuery({
    queryKey: ["preview", env, key],
    queryFn: ({ signal }) => told<PreviewAnswer>(api.GET("/api/v1/previews/{env}/{key}", { params: { path: { env, key } }, signal })),
  });
}

export function useDifference(env: string, key: string) {
  return useQuery({
    queryKey: ["preview", env, key, "diff"],
    queryFn: ({ signal }) => told<Difference>(api.GET("/api/v1/previews/{env}/{key}/diff", { params: { path: { env, key } }, signal })),
  });
}

export function useManifest(env: string, key: string) {
  return useQuery({
    queryKey: ["preview", env, key, "manifest"],
    queryFn: ({ signal }) =>
      told<string>(api.GET("/api/v1/previews/{env}/{key}/manifest", { params: { path: { env, key } }, parseAs: "text", signal })),
  });
}

export function useHistory(env: string, key: string) {
  return useInfiniteQuery({
    queryKey: ["preview", env, key, "history"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      told<History>(
        api.GET("/api/v1/previews/{env}/{key}/history", {
          params: { path: { env, key }, query: { limit: 50, ...(pageParam ? { after: pageParam } : {}) } },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next,
  });
}

/** What only a cluster ends, which the stream does not tell of. */
const MOVING = new Set<Way["state"]>(["starting", "sleeping", "stopping", "stuck", "failed"]);
const LOOK_MS = 10_000;

export function useWay(key: string, env: string) {
  return useQuery({
    queryKey: ["way", key, env],
    queryFn: ({ signal }) => told<Way>(api.GET("/api/v1/way/{key}", { params: { path: { key }, query: { env } }, signal })),
    refetchInterval: ({ state: { data } }) => (data?.isSeen && MOVING.has(data.state) ? LOOK_MS : false),
  });
}

export function useSummary(isAsked = true) {
  return useQuery({
    queryKey: ["summary"],
    enabled: isAsked,
    queryFn: ({ signal }) => told<Summary>(api.GET("/api/v1/summary", { signal })),
  });
}

export function useEnvironments() {
  return useQuery({
    queryKey: ["environments"],
    queryFn: ({ signal }) => told<About & { environments: Environment[] }>(api.GET("/api/v1/environments", { signal })),
  });
}

export function useLine() {
  return useQuery({
    queryKey: ["queue"],
    queryFn: ({ signal }) => told<About & { queue: Place[]; approvals: Approval[] }>(api.GET("/api/v1/queue", { signal })),
  });
}

export function useBlueprints() {
  return useQuery({
    queryKey: ["blueprints"],
    staleTime: 300_000,
    queryFn: ({ signal }) => told<{ blueprints: Blueprint[] }>(api.GET("/api/v1/blueprints", { signal })),
  });
}

export function useBlueprint(name: string, env: string) {
  return useQuery({
    queryKey: ["blueprints", name, env],
    staleTime: 300_000,
    enabled: name !== "" && env !== "",
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      told<BlueprintForm>(api.GET("/api/v1/blueprints/{name}", { params: { path: { name }, query: { env } }, signal })),
  });
}

/** What a start would do, as its form is now: nothing is written. `body` null: there is not enough of it yet. */
export function usePlan(body: StartBody | null) {
  return useQuery({
    queryKey: ["plan", body],
    enabled: body !== null,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => told<Plan>(api.POST("/api/v1/previews/plan", { body: body!, signal })),
  });
}

export function useCalendar(from: string, to: string, env: string, requester: string) {
  return useQuery({
    queryKey: ["calendar", from, to, env, requester],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      told<Calendar>(
        api.GET("/api/v1/calendar", { params: { query: { from, to, env, requester, offsetMinutes: offsetMinutes(), limit: 200 } }, signal }),
      ),
  });
}

export function useStatistics(days: number, env: string) {
  return useQuery({
    queryKey: ["statistics", days, env],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      told<Statistics>(
        api.GET("/api/v1/statistics", { params: { query: { days, env, offsetMinutes: offsetMinutes() } }, signal }),
      ),
  });
}

interface Paged<T> {
  rows: T[];
  next: string | number | null;
}

function usePaged<T>(name: string, filter: string, isAsked: boolean, ask: (after: string, signal: AbortSignal) => Promise<Paged<T>>) {
  return useInfiniteQuery({
    queryKey: [name, filter],
    enabled: isAsked,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => ask(pageParam, signal),
    getNextPageParam: (last) => (last.next === null ? null : String(last.next)),
  });
}

export function useOperations(isAsked: boolean) {
  return usePaged<Operation>("operations", "", isAsked, async (after, signal) => {
    const found = await told<{ operations: Operation[]; next: string | null }>(
      api.GET("/api/v1/operations", { params: { query: { after, limit: 50 } }, signal }),
    );
    return { rows: found.operations, next: found.next };
  });
}

export function useJobs(state: string, isAsked: boolean) {
  return usePaged<Job>("jobs", state, isAsked, async (after, signal) => {
    const query = { limit: 50, ...(state ? { state: state as "dead" } : {}), ...(after ? { after: Number(after) } : {}) };
    const found = await told<{ jobs: Job[]; next: number | null }>(api.GET("/api/v1/jobs", { params: { query }, signal }));
    return { rows: found.jobs, next: found.next };
  });
}

export function useDeliveries(state: string, isAsked: boolean) {
  return usePaged<Delivery>("deliveries", state, isAsked, async (after, signal) => {
    const query = { limit: 50, ...(state ? { state: state as "failed" } : {}), ...(after ? { after } : {}) };
    const found = await told<{ deliveries: Delivery[]; next: string | null }>(api.GET("/api/v1/deliveries", { params: { query }, signal }));
    return { rows: found.deliveries, next: found.next };
  });
}

export function useAudit(isAsked: boolean) {
  return usePaged<AuditEntry>("audit", "", isAsked, async (after, signal) => {
    const found = await told<{ entries: AuditEntry[]; next: string | null }>(
      api.GET("/api/v1/audit", { params: { query: { after, limit: 50 } }, signal }),
    );
    return { rows: found.entries, next: found.next };
  });
}

export function useMe() {
  return useQuery({
    queryKey: ["me"],
    retry: false,
    staleTime: 60_000,
    queryFn: ({ signal }) => told<Me>(api.GET("/api/auth/me", { signal })),
    // Who could not be known is asked for again; nobody signed in is an answer.
    refetchInterval: ({ state }) => (state.error !== null && !asProblem(state.error).isSignedOut ? 15_000 : false),
  });
}

export function useProviders() {
  return useQuery({
    queryKey: ["providers"],
    staleTime: 300_000,
    queryFn: ({ signal }) => told<{ providers: { id: string; name: string }[] }>(api.GET("/api/auth/providers", { signal })),
  });
}

export function useSessions() {
  return useQuery({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => told<{ sessions: Session[] }>(api.GET("/api/auth/sessions", { signal })),
  });
}

export function useTokens(isAsked: boolean) {
  return useQuery({
    queryKey: ["tokens"],
    enabled: isAsked,
    queryFn: ({ signal }) => told<{ tokens: Token[] }>(api.GET("/api/auth/tokens", { signal })),
  });
}
