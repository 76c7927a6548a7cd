import { Button, FormSelect, FormSelectOption, Tab, Tabs, TabTitleText } from "@patternfly/react-core";
import { useQueryClient, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api, told } from "../api/client";
import { asProblem } from "../api/problem";
import { useAudit, useDeliveries, useJobs, useOperations } from "../api/queries";
import type { AuditEntry, Delivery, Job, Operation, ToldError } from "../api/shapes";
import { Heading } from "../parts/Heading";
import { EnvironmentLabel, PhaseLabel } from "../parts/labels";
import { IssueLink, Outside } from "../parts/links";
import { More } from "../parts/More";
import { mayAs, usePerson } from "../parts/person";
import { Failed, Faults, Loading, Nothing, useReason } from "../parts/States";
import { Moment } from "../parts/time";
import { useTried } from "../parts/tried";

const TABS = ["operations", "jobs", "deliveries", "audit"] as const;
const JOB_STATES = ["dead", "pending", "active", "waiting", "done", "superseded"] as const;
const DELIVERY_STATES = ["failed", "new", "processed", "ignored"] as const;
type Listed<T> = UseInfiniteQueryResult<{ pages: { rows: T[] }[] }>;

/** What was asked for and what came in, what became of it, and another try of what failed. */
export function Operations() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const me = usePerson();
  const isOperator = mayAs(me, "operator");
  const tab = TABS.find((one) => one === search.get("tab")) ?? "operations";
  const state = search.get("state") ?? "";
  const operations = useOperations(tab === "operations");
  const jobs = useJobs(JOB_STATES.find((one) => one === state) ?? "", tab === "jobs" && isOperator);
  const deliveries = useDeliveries(DELIVERY_STATES.find((one) => one === state) ?? "", tab === "deliveries" && isOperator);
  const audit = useAudit(tab === "audit" && isOperator);
  const choose = (states: readonly string[]): ReactNode => (
    <div className="hub-filters">
      <FormSelect aria-label={t("operations.state")} value={state} onChange={(_, value) => setSearch(value ? { tab, state: value } : { tab }, { replace: true })}>
        <FormSelectOption value="" label={t("operations.anyState")} />
        {states.map((one) => <FormSelectOption key={one} value={one} label={t(`state.${one}`)} />)}
      </FormSelect>
    </div>
  );
  return (
    <>
      <Heading title={t("screen.operations")} />
      <Tabs activeKey={tab} onSelect={(_, name) => setSearch(name === "operations" ? {} : { tab: String(name) }, { replace: true })} aria-label={t("screen.operations")}>
        {TABS.map((name) => <Tab key={name} eventKey={name} title={<TabTitleText>{t(`operations.${name}`)}</TabTitleText>} tabContentId={`part-${name}`} />)}
      </Tabs>
      <section id={`part-${tab}`} role="tabpanel" aria-label={t(`operations.${tab}`)} tabIndex={0} className="hub-part">
        {tab !== "operations" && !isOperator ? <Nothing title={t("why.title")}>{t("why.role", { role: t("role.operator") })}</Nothing> : null}
        {tab === "operations" ? <Rows query={operations} none={t("operations.none")} head={["preview.asked", "preview.issue", "preview.environment", "preview.requester", "operations.at", "operations.state"]} row={(one) => <OperationRow key={one.id} operation={one} />} /> : null}
        {tab === "jobs" && isOperator ? <>{choose(JOB_STATES)}<Rows query={jobs} none={t("operations.noJobs")} head={["operations.job", "operations.key", "operations.at", "operations.attempts", "operations.state", "operations.act"]} row={(one) => <JobRow key={one.id} job={one} />} /></> : null}
        {tab === "deliveries" && isOperator ? <>{choose(DELIVERY_STATES)}<Rows query={deliveries} none={t("operations.noDeliveries")} head={["operations.source", "operations.event", "operations.at", "operations.state", "operations.act"]} row={(one) => <DeliveryRow key={one.id} delivery={one} />} /></> : null}
        {tab === "audit" && isOperator ? <Rows query={audit} none={t("operations.noAudit")} head={["operations.at", "operations.who", "operations.what", "operations.object", "operations.outcome"]} row={(one) => <AuditRow key={one.id} entry={one} />} /> : null}
      </section>
    </>
  );
}

function Rows<T>({ query, none, head, row }: { query: Listed<T>; none: string; head: string[]; row: (one: T) => ReactNode }) {
  const { t } = useTranslation();
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <>
      {query.error ? <Failed problem={asProblem(query.error)} retry={() => void query.refetch()} /> : null}
      {query.isPending ? <Loading /> : null}
      {query.data && rows.length === 0 ? <Nothing title={none} /> : null}
      {rows.length > 0 ? (
        <table className="hub-table">
          <thead><tr>{head.map((one) => <th key={one} scope="col">{t(one)}</th>)}</tr></thead>
          <tbody>{rows.map(row)}</tbody>
        </table>
      ) : null}
      <More query={query} />
    </>
  );
}

function Why({ error }: { error: ToldError | null }) {
  const reason = useReason();
  return error ? <details className="hub-why"><summary>{reason(error)}</summary><Faults error={error} /></details> : null;
}

function OperationRow({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const { environment, issue } = operation;
  return (
    <tr>
      <th scope="row" data-label={t("preview.asked")}>{t(`kind.${operation.kind}`, { defaultValue: operation.kind })}</th>
      <td data-label={t("preview.issue")}>{environment && issue ? <IssueLink environment={environment} issue={issue} /> : issue ?? "–"}</td>
      <td data-label={t("preview.environment")}>{environment ? <EnvironmentLabel name={environment} /> : "–"}</td>
      <td data-label={t("preview.requester")}>{operation.requestedBy} <span className="hub-quiet">{operation.via}</span></td>
      <td data-label={t("operations.at")}><Moment at={operation.createdAt} exact /></td>
      <td data-label={t("operations.state")}>
        <PhaseLabel of="state" phase={operation.state} />
        {operation.request?.url ? <> <Outside address={operation.request.url}>{t("approval.link")}</Outside></> : null}
        <Why error={operation.error} />
      </td>
    </tr>
  );
}

/** A button that has something run again, once. */
function Again({ label, about, run, what }: { label: string; about: string; run: () => Promise<unknown>; what: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const tried = useTried();
  const [isBusy, setBusy] = useState(false);
  const again = async (): Promise<void> => {
    setBusy(true);
    await tried(run, t("operations.again", { what: about }));
    setBusy(false);
    await client.invalidateQueries({ queryKey: [what] });
  };
  return <Button size="sm" variant="secondary" isLoading={isBusy} spinnerAriaLabel={t("act.working")} aria-label={`${label}: ${about}`} onClick={() => void again()}>{label}</Button>;
}

function JobRow({ job }: { job: Job }) {
  const { t } = useTranslation();
  return (
    <tr>
      <th scope="row" data-label={t("operations.job")}>{t(`kind.${job.name}`, { defaultValue: job.name })} <code className="hub-quiet hub-id">{job.id}</code></th>
      <td data-label={t("operations.key")}>{job.key ?? "–"}</td>
      <td data-label={t("operations.at")}><Moment at={job.createdAt} exact /></td>
      <td data-label={t("operations.attempts")}>{job.attempts}{job.crashes > 0 ? t("operations.crashes", { count: job.crashes }) : ""}</td>
      <td data-label={t("operations.state")}><PhaseLabel of="state" phase={job.state} /><Why error={job.error} /></td>
      <td data-label={t("operations.act")}>{job.state === "dead" ? <Again label={t("operations.retry")} about={job.id} what="jobs" run={() => told(api.POST("/api/v1/jobs/{job_id}/retry", { params: { path: { job_id: job.id } } }))} /> : null}</td>
    </tr>
  );
}

function DeliveryRow({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation();
  return (
    <tr>
      <th scope="row" data-label={t("operations.source")}>{delivery.source} <code className="hub-quiet hub-id">{delivery.delivery}</code></th>
      <td data-label={t("operations.event")}>{delivery.event}</td>
      <td data-label={t("operations.at")}><Moment at={delivery.at} exact /></td>
      <td data-label={t("operations.state")}><PhaseLabel of="state" phase={delivery.state} />{delivery.reason ? <div lang="en">{delivery.reason}</div> : null}</td>
      <td data-label={t("operations.act")}><Again label={t("operations.replay")} about={delivery.delivery} what="deliveries" run={() => told(api.POST("/api/v1/deliveries/{delivery_id}/replay", { params: { path: { delivery_id: delivery.id } } }))} /></td>
    </tr>
  );
}

function AuditRow({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  return (
    <tr>
      <td data-label={t("operations.at")}><Moment at={entry.at} exact /></td>
      <th scope="row" data-label={t("operations.who")}>{entry.who} <span className="hub-quiet">{entry.via}</span></th>
      <td data-label={t("operations.what")}>{t(`kind.${entry.action}`, { defaultValue: entry.action })}</td>
      <td data-label={t("operations.object")}><code className="hub-id">{entry.object}</code></td>
      <td data-label={t("operations.outcome")}><PhaseLabel of="state" phase={entry.outcome} />{entry.reason ? <> <code>{entry.reason}</code></> : null}</td>
    </tr>
  );
}
