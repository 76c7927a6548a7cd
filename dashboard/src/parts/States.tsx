import { Button, Card, CardBody, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Skeleton } from "@patternfly/react-core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, type Problem } from "../api/problem";
import type { About, ToldFault } from "../api/shapes";
import { Alert } from "./Notice";
import { Told } from "./Told";

/** Where something will be. */
export function Loading({ rows = 5 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div className="hub-loading" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: rows }, (_, number) => (
        <Skeleton key={number} height="2.5rem" aria-hidden="true" />
      ))}
    </div>
  );
}

/** What is wrong, fault by fault, as the server words it. */
export function Faults({ error }: { error: { reason: string; faults: readonly ToldFault[] } }) {
  const { t } = useTranslation();
  if (error.faults.length === 0) return null;
  return (
    <ul className="hub-faults">
      {error.faults.map((fault, number) => (
        <li key={number}>
          {fault.field ? <code>{fault.field}</code> : null} <Told>{fault.message}</Told>
          {fault.allowed ? <div>{t("fault.allowed")} <span lang="en">{fault.allowed}</span></div> : null}
          {fault.nearest ? <div>{t("fault.nearest")} <code>{fault.nearest}</code></div> : null}
          {fault.remedy ? <div>{t("fault.remedy")} <Told>{fault.remedy}</Told></div> : null}
        </li>
      ))}
    </ul>
  );
}

/** The reason of an error in words. */
export function useReason(): (problem: { reason: string; status?: number }) => string {
  const { t } = useTranslation();
  return ({ reason, status }) => {
    const kinds: Record<number, string> = { 0: "unreachable", 401: "signedOut", 403: "notAllowed", 404: "notFound", 429: "tooMany" };
    const kind = kinds[status ?? -1] ?? ((status ?? 0) >= 500 ? "server" : "refused");
    return t([`reason.${reason}`, `reason.${kind}`]);
  };
}

/** An error, with what may help: another try, and the id by which its log line is found. */
export function Failed({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const { t } = useTranslation();
  const reason = useReason();
  return (
    <Alert
      variant={problem.isPassing ? "warning" : "danger"}
      isInline
      component="h2"
      title={reason(problem)}
      actionLinks={retry ? <Button variant="link" isInline onClick={retry}>{t("state.retry")}</Button> : undefined}
    >
      <Faults error={problem} />
      {problem.requestId ? <p>{t("state.requestId")} <code>{problem.requestId}</code></p> : null}
    </Alert>
  );
}

/** Nothing is there, and what to do next. */
export function Nothing({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <EmptyState titleText={title} headingLevel="h2" variant="sm">
      {children ? <EmptyStateBody>{children}</EmptyStateBody> : null}
      {action ? <EmptyStateFooter><EmptyStateActions>{action}</EmptyStateActions></EmptyStateFooter> : null}
    </EmptyState>
  );
}

/** What a query came to: it loads, it failed, or its data. What was shown stays when reading it anew fails. */
export function Asked<T>({ query, rows, children }: { query: UseQueryResult<T>; rows?: number; children: (data: T) => ReactNode }) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    return query.error ? <Failed problem={asProblem(query.error)} retry={retry} /> : <Loading rows={rows} />;
  }
  return (
    <>
      {query.error ? <Failed problem={asProblem(query.error)} retry={retry} /> : null}
      {children(query.data)}
    </>
  );
}

/** That a part could not be read, and what is shown instead. */
export function Unread({ about }: { about: About }) {
  const { t } = useTranslation();
  return (
    <>
      {about.unreadable.map((one) => (
        <Alert key={one.environment} variant="warning" isInline component="h2" title={t("state.unreadable", { environment: one.environment })}>
          <ul>{one.faults.map((fault) => <li key={fault} lang="en">{fault}</li>)}</ul>
          {about.stale.includes(one.environment) ? <p>{t("state.lastRead")}</p> : null}
        </Alert>
      ))}
    </>
  );
}

/** A titled card. */
export function Block({ title, children, actions, level = 2 }: { title: string; children: ReactNode; actions?: ReactNode; level?: 2 | 3 }) {
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <Card className="hub-block" component="section">
      <div className="hub-block-head">
        <Heading>{title}</Heading>
        {actions}
      </div>
      <CardBody>{children}</CardBody>
    </Card>
  );
}
