import { createContext, use } from "react";
import { useTranslation } from "react-i18next";
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

/** Why this person may not change a preview of `owner`; null: they may, as far as roles say. */
export function useWhyNot(owner: string): string | null {
  const { t } = useTranslation();
  const me = usePerson();
  if (!mayAs(me, "developer")) return t("why.role", { role: t("role.developer") });
  return me?.role === "developer" && owner !== me.name ? t("why.own", { owner }) : null;
}
