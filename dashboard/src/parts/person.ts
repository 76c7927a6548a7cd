import { createContext, use } from "react";
import type { Me } from "../api/shapes";

const ORDER = ["viewer", "developer", "operator", "admin"] as const;
type Role = (typeof ORDER)[number];

/** Who is signed in; null: nobody, or it is not known yet. */
export const PersonContext = createContext<Me | null>(null);
export const usePerson = (): Me | null => use(PersonContext);

/** Whether a role is at least another. */
export function mayAs(me: Me | null, role: Role): boolean {
  return me?.role != null && ORDER.indexOf(me.role) >= ORDER.indexOf(role);
}
