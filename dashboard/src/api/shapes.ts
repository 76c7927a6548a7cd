import type { components } from "../api";

/** What the API answers, by short names: from its OpenAPI document. */
type Schemas = components["schemas"];
export type About = Pick<Schemas["PreviewPage"], "revision" | "asOf" | "unreadable" | "stale">;
export type Price = Schemas["Price"];
export type Lease = Schemas["Lease"];
export type Preview = Schemas["Preview"];
export type May = Schemas["May"];
export type Place = Schemas["Place"];
export type PreviewAnswer = Schemas["OnePreview"];
export type Facets = Schemas["Facets"];
export type PreviewPage = Schemas["PreviewPage"];
export type ToldFault = Schemas["ToldFault"];
export type ToldError = Schemas["ToldError"];
export type Operation = Schemas["Operation"];
export type ObjectChange = Schemas["ObjectChange"];
export type Plan = Schemas["Plan"];
export type Difference = Schemas["Difference"];
export type Causes = Schemas["Causes"];
export type History = Schemas["History"];
export type Environment = Schemas["Environment"];
export type Freeze = Schemas["Freeze"];
export type Approval = Schemas["ApprovalRequest"];
export type Blueprint = Schemas["BlueprintLine"];
export type Calendar = Schemas["Calendar"];
export type Summary = Schemas["Summary"];
export type Job = Schemas["Job"];
export type Delivery = Schemas["Delivery"];
export type AuditEntry = Schemas["AuditEntry"];
export type Statistics = Schemas["Statistics"];
export type Way = Schemas["Way"];
export type Room = Schemas["Room"] | Schemas["Limit"];
export type BlueprintForm = Omit<Schemas["OneBlueprint"], "schema"> & { schema: JsonSchema };
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
export interface Me {
  id: string;
  name: string;
  kind: "person" | "service";
  role: "viewer" | "developer" | "operator" | "admin" | null;
  roles: string[];
  via: string;
  identities: { provider: string; name: string }[];
  session: { id: string; accessExpiresAt: string; accessSeconds: number; expiresAt: string; endsAt: string } | null;
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
