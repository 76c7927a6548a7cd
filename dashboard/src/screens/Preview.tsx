import { Button, ClipboardCopy, Tab, Tabs, TabTitleText } from "@patternfly/react-core";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { asProblem } from "../api/problem";
import { useDifference, useHistory, useManifest, usePreview, useWay } from "../api/queries";
import type { May, Place, Preview as Shown } from "../api/shapes";
import { ActDialog } from "../parts/ActDialog";
import type { Act } from "../parts/acts";
import { Cause } from "../parts/Cause";
import { Heading } from "../parts/Heading";
import { EnvironmentLabel, PhaseLabel, phaseOf, useEnvironmentNamed } from "../parts/labels";
import { LinkButton } from "../parts/LinkButton";
import { Outside, PreviewLink } from "../parts/links";
import { useWatched } from "../parts/Live";
import { Alert } from "../parts/Notice";
import { More } from "../parts/More";
import { Objects } from "../parts/PlanView";
import { useWhyNot } from "../parts/person";
import { PriceLine } from "../parts/PriceLine";
import { Reasoned } from "../parts/Reasoned";
import { Removed } from "../parts/Removed";
import { useSay } from "../parts/Say";
import { useShortcuts } from "../parts/shortcuts";
import { Asked, Block, Failed, Faults, Loading, Nothing, Unread } from "../parts/States";
import { Steps } from "../parts/Steps";
import { Left, Moment, useNow } from "../parts/time";
import { minutesOf, useFormat } from "../text/format";

const TABS = ["overview", "history", "change", "manifest"] as const;

/** One preview: where it stands, how long it lasts, and what it is made of. */
export function Preview() {
  const { env = "", key = "" } = useParams();
  const query = usePreview(env, key);
  const problem = query.error ? asProblem(query.error) : null;
  useWatched({ env, text: key.slice(0, 40) });
  const title = key.length > 40 ? `${key.slice(0, 40)}…` : key;
  if (!query.data) {
    return (
      <>
        <Heading title={title} />
        {query.isPending ? <Loading /> : null}
        {problem?.reason === "PreviewNotFound" ? <Gone env={env} issue={key} /> : problem ? <Failed problem={problem} retry={() => void query.refetch()} /> : null}
      </>
    );
  }
  return (
    <>
      {problem ? <Failed problem={problem} retry={() => void query.refetch()} /> : null}
      <Unread about={query.data} />
      {query.data.preview ? <Live preview={query.data.preview} may={query.data.may} asOf={query.data.asOf} /> : null}
      {query.data.place ? <Waits place={query.data.place} may={query.data.may} /> : null}
    </>
  );
}

function Gone({ env, issue }: { env: string; issue: string }) {
  const { t } = useTranslation();
  const way = useWay(issue, env);
  const [act, setAct] = useState(false);
  return (
    <Nothing title={t("preview.none", { issue, environment: env })} action={
      <>
        {way.data?.revive ? <Button onClick={() => setAct(true)}>{t("act.revive.short")}</Button> : null}
        <LinkButton variant="secondary" to={`/start?issue=${encodeURIComponent(issue)}&env=${encodeURIComponent(env)}`}>{t("previews.start")}</LinkButton>
      </>
    }>
      {way.data?.revive ? <Removed revive={way.data.revive} /> : t("preview.noneSays")}
      {act ? <ActDialog act="revive" targets={[{ environment: env, issue, ends: null }]} close={() => setAct(false)} /> : null}
    </Nothing>
  );
}

/** Why something may not be done with a preview of `owner`: in words of the page where it knows them, else the server's. */
function useWhy(owner: string, may: May): (name: Act) => ReactNode {
  const own = useWhyNot(owner);
  return (name) => (may[name] === null ? null : own ?? <span lang="en">{may[name]}</span>);
}

function Waits({ place, may }: { place: Place; may: May }) {
  const { t } = useTranslation();
  const why = useWhy(place.lease.requestedBy, may);
  const [act, setAct] = useState(false);
  return (
    <>
      <Heading title={place.issue} beside={<EnvironmentLabel name={place.environment} />}>
        <Reasoned variant="danger" why={why("stop")} onClick={() => setAct(true)}>{t("act.stop.short")}</Reasoned>
      </Heading>
      <Block title={t("waiting.title")}>
        <p>{t("plan.placeOf", { position: place.position, of: place.length })}</p>
        <ul lang="en">{place.held.map((one) => <li key={one}>{one}</li>)}</ul>
      </Block>
      {act ? <ActDialog act="stop" targets={[{ environment: place.environment, issue: place.issue, ends: null }]} close={() => setAct(false)} /> : null}
    </>
  );
}

function Live({ preview, may, asOf }: { preview: Shown; may: May; asOf: string }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const [act, setAct] = useState<Act | null>(null);
  const navigate = useNavigate();
  const { announce } = useSay();
  const tab = TABS.find((one) => one === search.get("tab")) ?? "overview";
  const own = useWhyNot(preview.lease.requestedBy);
  const mayNot = useWhy(preview.lease.requestedBy, may);
  const why = (name: Act): ReactNode => mayNot(name) ?? (name === "extend" && preview.isRequest ? t("why.notMerged") : null);
  const phase = phaseOf(preview);
  const rest = preview.asleepSince === null ? "sleep" : "wake";
  const before = useRef(`${phase} ${preview.lease.expiresAt ?? ""}`);
  const format = useFormat();
  useEffect(() => {
    const now = `${phase} ${preview.lease.expiresAt ?? ""}`;
    if (before.current === now) return;
    before.current = now;
    const ends = preview.lease.expiresAt ? t("preview.nowEnds", { time: format.moment(preview.lease.expiresAt) }) : "";
    announce(`${preview.issue}: ${t(`phase.${phase}`, { defaultValue: phase })}. ${ends}`);
  }, [phase, preview.lease.expiresAt, preview.issue, announce, t, format]);
  const canExtend = why("extend") === null;
  useShortcuts(useMemo(() => ({ e: () => { if (canExtend) setAct("extend"); } }), [canExtend]));
  const gated = useEnvironmentNamed(preview.environment)?.gated ?? false;
  return (
    <div className={gated ? "hub-in-gated" : undefined}>
      <Heading title={preview.issue} beside={<><EnvironmentLabel name={preview.environment} /> <PhaseLabel phase={phase} /></>}>
        {preview.isRequest ? null : <Reasoned variant="secondary" why={why(rest)} onClick={() => setAct(rest)}>{t(`act.${rest}.short`)}</Reasoned>}
        <Reasoned variant="primary" why={why("extend")} onClick={() => setAct("extend")}>{t("act.extend.short")}</Reasoned>
        <Reasoned variant="danger" why={why("stop")} onClick={() => setAct("stop")}>{t("act.stop.short")}</Reasoned>
      </Heading>
      {own ? <p className="hub-quiet">{own}</p> : null}
      {preview.designChange ? (
        <Alert variant="info" isInline component="h2" title={t("preview.designNow")}>
          <Moment at={preview.designChange.at} />: <Outside address={preview.designChange.url}>{t("preview.designOpen")}</Outside>
        </Alert>
      ) : null}
      <p className="hub-link-line">
        {preview.isRequest ? <span className="hub-quiet">{t("preview.notYet")}: <span className="hub-address">{preview.url}</span></span> : <PreviewLink address={preview.url} environment={preview.environment} />}
      </p>
      <Tabs activeKey={tab} onSelect={(_, name) => setSearch(name === "overview" ? {} : { tab: String(name) }, { replace: true })} aria-label={t("preview.parts")}>
        {TABS.map((name) => <Tab key={name} eventKey={name} title={<TabTitleText>{t(`preview.tab.${name}`)}</TabTitleText>} tabContentId={`part-${name}`} />)}
      </Tabs>
      <section id={`part-${tab}`} role="tabpanel" aria-label={t(`preview.tab.${tab}`)} tabIndex={0} className="hub-part">
        {tab === "overview" ? <Overview preview={preview} /> : null}
        {tab === "history" ? <History env={preview.environment} issue={preview.issue} /> : null}
        {tab === "change" ? <Change env={preview.environment} issue={preview.issue} /> : null}
        {tab === "manifest" ? <Manifest env={preview.environment} issue={preview.issue} /> : null}
      </section>
      <p className="hub-quiet">{t("state.asOf")} <Moment at={asOf} exact /></p>
      {act ? (
        <ActDialog
          act={act} targets={[{ environment: preview.environment, issue: preview.issue, ends: preview.lease.expiresAt }]}
          close={(isDone) => {
            setAct(null);
            if (isDone && act === "stop" && !gated) void navigate("/");
          }}
        />
      ) : null}
    </div>
  );
}

function Overview({ preview }: { preview: Shown }) {
  const { t } = useTranslation();
  const { environment, issue } = preview;
  const way = useWay(issue, environment);
  return (
    <div className="hub-flow">
      <Block title={t("steps.title")}>
        <Asked query={way} rows={2}>{(found) => (
          <>
            <Steps steps={found.steps} isSeen={found.isSeen} />
            {found.request ? <p><Outside address={found.request.url}>{t("approval.request", { number: found.request.number })}</Outside></p> : null}
          </>
        )}</Asked>
      </Block>
      <Lease preview={preview} />
      {way.data?.causes ? <Block title={t("cause.block")}><Cause causes={way.data.causes} /></Block> : null}
      <Block title={t("preview.facts")}>
        <dl className="hub-facts">
          <div><dt>{t("price.title")}</dt><dd><PriceLine price={preview.price} /></dd></div>
          <div><dt>{t("preview.requester")}</dt><dd>{preview.lease.requestedBy}, <Moment at={preview.lease.requestedAt} /></dd></div>
          <div><dt>{t("preview.blueprint")}</dt><dd><code>{[preview.blueprint, preview.compute, preview.shard].filter(Boolean).join(" · ")}</code></dd></div>
          <div><dt>{t("preview.branch")}</dt><dd>{preview.branch ?? "–"}</dd></div>
          <div><dt>{t("preview.namespace")}</dt><dd><code>{preview.namespace}</code></dd></div>
        </dl>
      </Block>
      <Block title={t("preview.components")}>
        <ul className="hub-components">
          {Object.entries(preview.components).map(([name, one]) => (
            <li key={name}>
              <strong>{name}</strong> <span className="hub-quiet">{t("preview.size", { count: one.replicas, cpu: one.cpu, memory: one.memory })}</span>
              <ClipboardCopy
                isReadOnly hoverTip={t("action.copy")} clickTip={t("action.copied")} textAriaLabel={t("preview.imageOf", { name })} variant="inline-compact" isCode
                title={one.image} onCopy={() => void navigator.clipboard.writeText(one.image)}
              >
                {shortImage(one.image)}
              </ClipboardCopy>
            </li>
          ))}
        </ul>
      </Block>
    </div>
  );
}

/** The part of a reference that tells one image from another: no registry, and the digest's beginning. */
export function shortImage(reference: string): string {
  return reference.replace(/^[^/]*[.:][^/]*\//, "").replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…");
}

function Lease({ preview }: { preview: Shown }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  const known = useEnvironmentNamed(preview.environment);
  const { lease } = preview;
  const begin = new Date(lease.requestedAt).getTime();
  const end = lease.expiresAt ? new Date(lease.expiresAt).getTime() : null;
  const cap = minutesOf(known?.lease.cap ?? "");
  const latest = cap === null ? null : begin + cap * 60_000;
  const reach = Math.max(end ?? 0, latest ?? 0) - begin;
  const share = (at: number): number => (reach > 0 ? Math.min(100, Math.max(0, ((at - begin) / reach) * 100)) : 0);
  return (
    <Block title={t("lease.title")}>
      <p className="hub-left"><Left ends={lease.expiresAt} isRequest={preview.isRequest} /></p>
      {end === null ? null : (
        <svg className="hub-lease" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
          <rect className="hub-bar-all" width="100" height="8" />
          <rect className="hub-bar-asked" width={share(end)} height="8" />
          <rect className="hub-bar-used" width={share(Math.min(now, end))} height="8" />
        </svg>
      )}
      <dl className="hub-facts">
        {lease.expiresAt ? <div><dt>{t("lease.ends")}</dt><dd><Moment at={lease.expiresAt} exact /></dd></div> : null}
        {latest === null ? null : <div><dt>{t("lease.cap")}</dt><dd><Moment at={new Date(latest).toISOString()} exact /> <span className="hub-quiet">({format.length(cap ?? 0)})</span></dd></div>}
        <div><dt>{t("lease.hours")}</dt><dd>{lease.officeHours ? known?.lease.officeHours ?? t("lease.office") : t("lease.always")}</dd></div>
      </dl>
    </Block>
  );
}

function History({ env, issue }: { env: string; issue: string }) {
  const { t } = useTranslation();
  const query = useHistory(env, issue);
  const events = query.data?.pages.flatMap((page) => page.events) ?? [];
  const unread = query.data?.pages.find((page) => page.unread !== null)?.unread;
  if (!query.data) return query.error ? <Failed problem={asProblem(query.error)} retry={() => void query.refetch()} /> : <Loading />;
  if (events.length === 0 && !unread) return <Nothing title={t("history.none")} />;
  return (
    <>
      {unread ? <Alert variant="warning" isInline component="h2" title={t("history.unread")}><p lang="en">{unread}</p></Alert> : null}
      <ol className="hub-history">
        {events.map((one) => (
          <li key={one.id}>
            <Moment at={one.at} exact /> <strong>{t(`action_name.${one.action}`, { defaultValue: one.action })}</strong> {t("history.by", { who: one.who })}
            {one.why ? <> — {one.why}</> : null}
            {one.commit ? <> <code>{one.commit.slice(0, 10)}</code></> : null}
            {one.operation ? <> <PhaseLabel of="state" phase={one.operation.state} /></> : null}
            {one.operation?.error ? <Faults error={one.operation.error} /> : null}
          </li>
        ))}
      </ol>
      <More query={query} />
    </>
  );
}

function Change({ env, issue }: { env: string; issue: string }) {
  const { t } = useTranslation();
  const query = useDifference(env, issue);
  return (
    <Asked query={query}>{(found) => (
      <>
        <p>
          {t(`change.${found.of}`, { defaultValue: found.of })}{found.who ? <> {t("history.by", { who: found.who })}</> : null}{found.at ? <>, <Moment at={found.at} /></> : null}
          {" "}<code>{(found.before ?? "").slice(0, 10)}</code> → <code>{(found.after ?? "").slice(0, 10)}</code>
        </p>
        <Objects objects={found.objects} leftOut={found.objectsLeftOut} />
      </>
    )}</Asked>
  );
}

function Manifest({ env, issue }: { env: string; issue: string }) {
  const { t } = useTranslation();
  const query = useManifest(env, issue);
  return <Asked query={query}>{(text) => <pre className="hub-code" tabIndex={0} aria-label={t("preview.tab.manifest")}>{text}</pre>}</Asked>;
}
