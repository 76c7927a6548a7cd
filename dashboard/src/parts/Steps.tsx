import { useTranslation } from "react-i18next";
import type { Way } from "../api/shapes";
import { Moment } from "./time";

const SIGN = { done: "✓", now: "◐", "to come": "○" } as const;

/** How far it is, on a line of time: from what was asked to what runs. */
export function Steps({ steps }: { steps: Way["steps"] }) {
  const { t } = useTranslation();
  return (
    <ol className="hub-steps" aria-label={t("steps.title")}>
      {steps.map((step) => (
        <li key={step.name} className={`hub-step hub-step-${step.state.replace(" ", "-")}`} aria-current={step.state === "now" ? "step" : undefined}>
          <span className="hub-step-sign" aria-hidden="true">{SIGN[step.state]}</span>
          <span className="hub-step-name">
            {t(`steps.${step.name}`, { defaultValue: step.name })} <span className="pf-v6-screen-reader">({t(`steps.${step.state}`)})</span>
          </span>
          <span className="hub-step-at">{step.at ? <Moment at={step.at} exact /> : step.state === "now" ? t("steps.now") : ""}</span>
        </li>
      ))}
    </ol>
  );
}
