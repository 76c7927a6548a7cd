import { Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from "@patternfly/react-core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, newKey, told } from "../api/client";
import { useCarryOut, type Changed } from "../api/operating";
import { asProblem, type Problem } from "../api/problem";
import type { Plan } from "../api/shapes";
import type { Act, ActProps, Target } from "./acts";
import { LengthChoice } from "./choices";
import { EnvironmentLabel } from "./labels";
import { PlanView } from "./PlanView";
import { useSay } from "./Say";
import { Failed, Loading } from "./States";
import { Alert } from "./Notice";

function wanted(act: Act, { environment, issue, ends }: Target, by: string, reason: string): Changed {
  const where = { environment, issue };
  if (act === "extend") return { action: "extend", ...where, by, ifEnds: ends, reason };
  if (act === "stop" || act === "sleep" || act === "wake") return { action: act, ...where, reason };
  return { action: "revive", ...where };
}

/** Says what would be done before it is done, and with what; what fails is said beside what went well. */
export default function ActDialogNow({ act, targets, close }: ActProps) {
  const { t } = useTranslation();
  const { say } = useSay();
  const carryOut = useCarryOut();
  const [by, setBy] = useState("4h");
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [failed, setFailed] = useState<{ target: Target; problem: Problem }[]>([]);
  const [left, setLeft] = useState(targets);
  const keys = useRef(new Map<string, string>());
  const plans = useQuery({
    queryKey: ["plans", act, left, by],
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => told<{ plans: Plan[]; refused: number }>(api.POST("/api/v1/plans", { body: { items: left.map((one) => wanted(act, one, by, "")) }, signal })),
  });
  const told_ = plans.data?.plans;
  const isRefused = told_ !== undefined && told_.length > 0 && told_.every((one) => one.refused !== null);
  const allowed = left.filter((_, number) => !told_?.[number]?.refused);
  const one = targets.length === 1 ? targets[0]! : null;
  const isGated = told_?.some((plan) => plan.gated) ?? false;

  const confirm = async (): Promise<void> => {
    setBusy(true);
    const wrong: { target: Target; problem: Problem }[] = [];
    let well = 0;
    for (const target of allowed) {
      // The same click again is the same request: its key stays until something else is asked.
      const asked = wanted(act, target, by, reason);
      const name = JSON.stringify(asked);
      const key = keys.current.get(name) ?? newKey();
      keys.current.set(name, key);
      try {
        await carryOut(asked, key);
        well += 1;
      } catch (error) {
        wrong.push({ target, problem: asProblem(error) });
        if (!asProblem(error).isPassing) keys.current.delete(name);
      }
    }
    setBusy(false);
    if (well > 0) say("success", t(isGated ? `act.${act}.asked` : `act.${act}.done`, { count: well, issue: one?.issue, environment: one?.environment }));
    if (wrong.length === 0) return close(true);
    setFailed(wrong);
    setLeft(wrong.map((each) => each.target));
  };

  return (
    <Modal isOpen variant={one ? "small" : "medium"} onClose={() => close(false)} aria-labelledby="act-title" aria-describedby="act-body">
      <ModalHeader
        labelId="act-title"
        title={one ? t(`act.${act}.title`, { issue: one.issue, environment: one.environment }) : t(`act.${act}.titleMany`, { count: targets.length })}
        titleIconVariant={act === "stop" ? "warning" : undefined}
        description={one ? <EnvironmentLabel name={one.environment} /> : undefined}
      />
      <ModalBody id="act-body">
        <p>{t(`act.${act}.says`)}</p>
        <Form onSubmit={(event) => { event.preventDefault(); if (!isBusy && !isRefused) void confirm(); }} id="act-form">
          {act === "extend" ? (
            <FormGroup label={t("act.extend.by")} fieldId="act-by">
              <LengthChoice id="act-by" value={by} set={setBy} />
            </FormGroup>
          ) : null}
          {act === "revive" ? null : (
            <FormGroup label={t("act.reason")} fieldId="act-reason">
              <TextInput id="act-reason" value={reason} maxLength={500} onChange={(_, value) => setReason(value)} />
            </FormGroup>
          )}
        </Form>
        <div className="hub-plans" aria-live="polite" aria-busy={plans.isFetching}>
          {plans.error ? <Failed problem={asProblem(plans.error)} retry={() => void plans.refetch()} /> : null}
          {!told_ && !plans.error ? <Loading rows={2} /> : null}
          {told_ && one ? <PlanView plan={told_[0]!} isWhole={false} /> : null}
          {told_ && !one ? (
            <ul className="hub-many">
              {told_.map((plan) => (
                <li key={`${plan.environment}/${plan.issue}`}>
                  <strong>{plan.issue}</strong> <EnvironmentLabel name={plan.environment} isGated={plan.gated} />
                  <PlanView plan={plan} isWhole={false} />
                </li>
              ))}
            </ul>
          ) : null}
        </div>
        {failed.map((each) => (
          <div key={`${each.target.environment}/${each.target.issue}`} role="alert">
            {one ? null : <strong>{each.target.issue} · {each.target.environment}</strong>}
            <Failed problem={each.problem} />
          </div>
        ))}
        {isBusy ? <Alert variant="info" isInline isPlain title={t("act.working")} /> : null}
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="act-form" variant={act === "stop" ? "danger" : "primary"} isDisabled={isRefused || allowed.length === 0} isLoading={isBusy} isAriaDisabled={isBusy} spinnerAriaLabel={t("act.working")}>
          {t(`act.${act}.${isGated ? "askFor" : "do"}${one ? "" : "Many"}`, { count: allowed.length })}
        </Button>
        <Button variant="link" onClick={() => close(false)}>{t("action.cancel")}</Button>
      </ModalFooter>
    </Modal>
  );
}
