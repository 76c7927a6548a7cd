import { useTranslation } from "react-i18next";
import type { Way } from "../api/shapes";
import { Moment } from "./time";

const SIGN = { done: "✓", now: "◐", "to come": "○", unknown: "?" } as const;
const IN_CLUSTER = new Set<string>(["applied", "running"]);

/** How far it is, on a line of time: from what was asked to what runs. */
export function Steps({ steps, isSeen }: { steps: Way["steps"]; isSeen: boolean }) {
  const { t } = useTranslation();
  // Git alone cannot tell what a cluster does.
  const known = steps.map((step) => (isSeen || !IN_CLUSTER.has(step.name) ? step : { ...step, state: "unknown" as const, at: null }));
  return (
    <ol className="hub-steps" aria-label={t("steps.title")}>
      {known.map((step) => (
        <li key={step.name} className={`hub-step hub-step-${step.state.replace(" ", "-")}`} aria-current={step.state === "now" ? "step" : undefined}>
          <span className="hub-step-sign" aria-hidden="true">{SIGN[step.state]}</span>
          <span>
            {t(`steps.${step.name}`, { defaultValue: step.name })} <span className="pf-v6-screen-reader">({t(`steps.${step.state}`)})</span>
          </span>
          <span className="hub-step-at">{step.at ? <Moment at={step.at} exact /> : step.state === "now" || step.state === "unknown" ? t(`steps.${step.state}`) : ""}</span>
        </li>
      ))}
    </ol>
  );
}
