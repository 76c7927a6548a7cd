import { Label } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { useEnvironments } from "../api/queries";
import type { Preview } from "../api/shapes";

/** The environments by name, as far as they were read. */
export function useEnvironmentNamed(name: string) {
  const { data } = useEnvironments();
  return data?.environments.find((one) => one.name === name);
}

/** An environment. One that only a review changes is set apart. */
export function EnvironmentLabel({ name, isGated }: { name: string; isGated?: boolean }) {
  const { t } = useTranslation();
  const known = useEnvironmentNamed(name);
  const gated = isGated ?? known?.gated ?? false;
  return gated ? (
    <span className="hub-gated">
      <span aria-hidden="true">▲</span> {name} <span className="hub-gated-note">{t("environment.reviewed")}</span>
    </span>
  ) : (
    <Label isCompact variant="outline">{name}</Label>
  );
}

/** Where a preview stands by Git. */
export const phaseOf = (preview: Preview): string => (preview.removalRequested ? "removal requested" : preview.lease.phase);

type Status = "success" | "warning" | "danger" | "info" | "custom";
const STATUS: Record<string, Status> = {
  active: "success", ready: "success", running: "success", "expiring soon": "warning", expired: "danger", "awaiting approval": "info",
  "removal requested": "warning", endless: "info", failed: "danger", stuck: "danger", starting: "info", pending: "info", waiting: "info",
  stopping: "warning", done: "success", dead: "danger", queued: "info", processed: "success", ignored: "custom",
  sleeping: "custom", new: "info", superseded: "custom", allowed: "success", refused: "danger",
};
const SIGN: Record<Status, string> = { success: "●", warning: "◐", danger: "✕", info: "○", custom: "–" };

/** A phase or a state: a sign of its own beside its word, so that it needs no colour. */
export function PhaseLabel({ phase, of = "phase" }: { phase: string; of?: "phase" | "state" }) {
  const { t } = useTranslation();
  const status = STATUS[phase] ?? "custom";
  return (
    <span className={`hub-phase hub-phase-${status}`}>
      <span aria-hidden="true">{SIGN[status]}</span> {t(`${of}.${phase}`, { defaultValue: phase })}
    </span>
  );
}
