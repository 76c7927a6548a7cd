import { ExpandableSection } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { Causes } from "../api/shapes";
import { PhaseLabel } from "./labels";
import { Moment } from "./time";
import { Told } from "./Told";
import { Alert } from "./Notice";

/** Why it is not up, for whom that is, and what to do; the cluster's own words behind it. */
export function Cause({ causes }: { causes: Causes }) {
  const { t } = useTranslation();
  if (!causes.isRead) {
    return (
      <div>
        <p>{t("cause.notRead")}</p>
        {causes.unread.length > 0 ? <ul>{causes.unread.map((one) => <li key={one.resource} lang="en">{one.resource}: {one.why}</li>)}</ul> : null}
      </div>
    );
  }
  const forWhom = causes.audience === "developer" || causes.audience === "platform" ? causes.audience : null;
  return (
    <div>
      <p><PhaseLabel phase={causes.phase} /> {causes.asOf ? <span className="hub-quiet">{t("cause.seen")} <Moment at={causes.asOf} /></span> : null}</p>
      {causes.text ? (
        <Alert variant={causes.final ? "danger" : "warning"} isInline component="h3" title={t("cause.title")}>
          <p><Told>{causes.text}</Told> {causes.code ? <code>{causes.code}</code> : null}</p>
          {forWhom ? <p><strong>{t(`cause.for.${forWhom}`)}</strong></p> : null}
          {causes.steps.length > 0 ? <><p>{t("cause.next")}</p><ol>{causes.steps.map((step) => <li key={step}><Told>{step}</Told></li>)}</ol></> : null}
        </Alert>
      ) : null}
      {causes.evidence.length > 0 ? (
        <ExpandableSection toggleText={t("cause.evidence")} isIndented>
          <ul lang="en">{causes.evidence.map((one, number) => <li key={number}><code>{one.kind}/{one.name}{one.container ? ` ${one.container}` : ""} {one.reason}: {one.message}</code></li>)}</ul>
        </ExpandableSection>
      ) : null}
      {causes.others.length > 0 ? <ul className="hub-quiet">{causes.others.map((one) => <li key={one.code}><Told>{one.text}</Told></li>)}</ul> : null}
      {causes.unread.length > 0 ? <p className="hub-quiet">{t("cause.unread")} <span lang="en">{causes.unread.map((one) => `${one.resource}: ${one.why}`).join("; ")}</span></p> : null}
    </div>
  );
}
