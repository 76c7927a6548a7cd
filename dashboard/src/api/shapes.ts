/** What the API answers, by short names: from its OpenAPI document. */
export interface About {
  revision: string;
  asOf: string;
  unreadable: { environment: string; reason: string; faults: string[] }[];
  stale: string[];
}
export interface Price {
  currency: string;
  perHour: string | null;
  perLease: string | null;
  asOf?: string | null;
}
export interface Extension {
  by: string;
  at: string;
  until?: string;
  reason?: string | null;
}
export interface Lease {
  phase: string;
  requestedBy: string;
  requestedAt: string;
  ttl: string;
  expiresAt: string | null;
  minutesLeft: number;
  officeHours: boolean;
  extensions: unknown;
}
export interface Component {
  image: string;
  replicas: number;
  cpu: string;
  memory: string;
}
export interface Preview {
  issue: string;
  environment: string;
  namespace: string;
  blueprint: string;
  branch: string | null;
  compute: string;
  shard: string | null;
  url: string;
  lease: Lease;
  price: Price;
  components: Record<string, Component>;
  manifestDigest: string | null;
  isRequest: boolean;
  removalRequested: boolean;
}
export interface May {
  extend: string | null;
  stop: string | null;
  revive: string | null;
}
export interface Place {
  issue: string;
  environment: string;
  blueprint: string;
  branch: string | null;
  compute: string;
  lease: { requestedBy: string; requestedAt: string; ttl: string };
  components: Record<string, Component>;
  position: number;
  length: number;
  held: string[];
}
export interface PreviewAnswer extends About {
  preview: Preview | null;
  place: Place | null;
  may?: May;
}
export type Facets = Record<"env" | "phase" | "project" | "requester", Record<string, number>>;
export interface PreviewPage extends About {
  previews: Preview[];
  total: number;
  facets: Facets;
  next: string | null;
}
export interface ToldFault {
  message: string;
  field?: string | null;
  allowed?: string | null;
  nearest?: string | null;
  remedy?: string | null;
}
export interface ToldError {
  reason: string;
  faults: ToldFault[];
}
export interface Operation {
  id: string;
  kind: string;
  environment: string | null;
  issue: string | null;
  state: string;
  requestedBy: string;
  via: string;
  createdAt: string;
  endedAt: string | null;
  attempts: number;
  result: Record<string, unknown> | null;
  error: ToldError | null;
  request: { url?: string | null; number?: number | null } | null;
}
export interface ObjectChange {
  change: "added" | "changed" | "removed";
  object: string;
  kind: string;
  namespace: string | null;
  name: string;
  fields: { field: string; before?: unknown; after?: unknown }[];
  fieldsLeftOut: number;
}
export interface Room {
  what: string;
  where: string | null;
  used: number | string;
  asked?: number | string;
  limit: number | string | null;
}
export interface Plan {
  action: string;
  environment: string;
  issue: string;
  gated: boolean;
  change: string | null;
  refused: ToldError | null;
  branch: string;
  preview: Preview | null;
  endsBefore: string | null;
  ends: string | null;
  latestEnd: string | null;
  price: { before: Price | null; after: Price | null };
  objects: ObjectChange[];
  counts: { added: number; changed: number; removed: number };
  objectsLeftOut: number;
  room: Room[];
  place: { position: number; of: number; why: string[] } | null;
}
export interface Difference {
  of: string;
  at: string | null;
  who: string | null;
  action: string | null;
  before: string | null;
  after: string | null;
  objects: ObjectChange[];
  counts: { added: number; changed: number; removed: number };
  objectsLeftOut: number;
}
export interface Causes {
  isRead: boolean;
  phase: string;
  code: string | null;
  audience: "developer" | "platform" | "nobody" | null;
  final: boolean;
  text: string | null;
  steps: string[];
  evidence: string[];
  others: unknown[];
  unread: { resource: string; why: string }[];
  asOf: string | null;
}
export interface HistoryEvent {
  id: string;
  kind: "commit" | "operation";
  at: string;
  action: string;
  who: string;
  why: string | null;
  commit: string | null;
  subject: string | null;
  awaits: string | null;
  operation: Operation | null;
}
export interface Environment {
  name: string;
  account: string;
  region: string;
  gated: boolean;
  domain: string;
  branch: string;
  forge: { kind: string; url: string } | null;
  previews: number;
  waiting: number;
  awaiting: number;
  limit: number | null;
  lease: { ttl: string; cap: string; warnBefore: string; officeHours: string | null };
  compute: { default: string; allowed: string[] };
  room: Room[];
  spend: { currency: string; perHour: string; soFar: string; toCome: string; fixedPerHour: string | null; asOf: string | null } | null;
  freezes: Freeze[];
}
export interface Freeze {
  id: string;
  scope: string;
  reason: string;
  by: string;
  since: string;
  until: string;
}
export interface Approval {
  issue: string;
  environment: string;
  action: "start" | "update" | "removal";
  branch: string;
  requestedBy: string;
  requestedAt: string;
  request: { number: number; url: string; state: string } | null;
  notYet: string | null;
}
export interface Blueprint {
  name: string;
  summary: string;
  isDefault: boolean;
  components: string[];
}
export interface JsonSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  enum?: string[];
  pattern?: string;
  default?: unknown;
  examples?: unknown[];
  maxLength?: number;
}
export interface BlueprintForm {
  name: string;
  summary: string;
  isDefault: boolean;
  fields: { field: string; about: string }[];
  schema: JsonSchema;
}
export interface CalendarEvent {
  at: string;
  issue: string;
  environment: string;
  requestedBy: string;
  url: string;
  perHour: string | null;
  currency: string;
}
export interface Calendar extends About {
  from: string;
  to: string;
  days: { day: string; count: number }[];
  events: CalendarEvent[];
  total: number;
  next: string | null;
}
export interface Summary extends About {
  total: number;
  facets: Facets;
  waiting: number;
  approvals: number;
  mine: { total: number; expiringSoon: number; waiting: number; openOperations: number; failedOperations: number };
  freezes: Freeze[];
  may: { start: Record<string, string | null> };
}
export interface Took {
  median: number;
  p95: number;
  count: number;
}
export interface StatisticsDay {
  day: string;
  starts: number;
  stops: number;
  extensions: number;
  revivals: number;
  failures: number;
  spend: Record<string, string>;
  timeToCommit: Took | null;
  timeToUrl: Took | null;
}
export interface Job {
  id: string;
  seq: number;
  queue: string;
  name: string;
  key: string | null;
  state: string;
  attempts: number;
  crashes: number;
  createdAt: string;
  runAt: string | null;
  endedAt: string | null;
  error: ToldError | null;
  parent: string | null;
}
export interface Delivery {
  id: string;
  at: string;
  source: string;
  delivery: string;
  event: string;
  state: string;
  reason: string | null;
  job: string | null;
}
export interface AuditEntry {
  id: string;
  at: string;
  who: string;
  via: string;
  action: string;
  object: string;
  outcome: string;
  reason: string | null;
  requestId: string;
  address: string | null;
}
export interface Me {
  id: string;
  name: string;
  kind: "person" | "service";
  role: "viewer" | "developer" | "operator" | "admin" | null;
  roles: string[];
  via: string;
  identities: { provider: string; name: string }[];
  session: { id: string; accessExpiresAt: string; expiresAt: string; endsAt: string } | null;
}
export interface Session {
  id: string;
  kind: string;
  via: string;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string;
  endsAt: string;
  userAgent: string | null;
  address: string | null;
  isThis: boolean;
}
export interface Token {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  environments: string[];
  createdBy: string;
  createdAt: string;
  expiresAt: string;
  lastUsedAt: string | null;
  revokedAt: string | null;
}
export interface Way {
  issue: string;
  environment: string | null;
  state: "ready" | "starting" | "waiting" | "review" | "choose" | "failed" | "stuck" | "stopping" | "expired" | "none";
  isSeen: boolean;
  url: string | null;
  choices: { environment: string; url: string; phase: string; ends: string | null }[];
  steps: { name: string; state: "done" | "now" | "to come"; at: string | null }[];
  causes: Causes | null;
  place: { position: number; of?: number; length?: number; why?: string[]; held?: string[] } | null;
  operation: Operation | null;
  request: { number: number; url: string; state: string } | null;
  revive: { removedAt: string; until: string; removedBy: string; why: string | null } | null;
}
