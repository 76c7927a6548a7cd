import { Button, Spinner } from "@patternfly/react-core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useWay } from "../api/queries";
import type { Way as Found } from "../api/shapes";
import { ActDialog } from "../parts/ActDialog";
import { Cause } from "../parts/Cause";
import { Heading } from "../parts/Heading";
import { EnvironmentLabel, PhaseLabel, useEnvironmentNamed } from "../parts/labels";
import { LinkButton } from "../parts/LinkButton";
import { isOfDomain, Outside, PreviewLink, previewPath } from "../parts/links";
import { useWatched } from "../parts/Live";
import { Alert } from "../parts/Notice";
import { Removed } from "../parts/Removed";
import { useSay } from "../parts/Say";
import { Asked, Faults, Nothing } from "../parts/States";
import { Steps } from "../parts/Steps";
import { Left } from "../parts/time";

/** The way to a preview: there as soon as it is up; until then how far it is, and what is in its way. */
export function Way() {
  const { t } = useTranslation();
  const { key = "", env = "" } = useParams();
  const query = useWay(key, env);
  useWatched({ env, text: key.slice(0, 40) });
  const shown = key.length > 40 ? `${key.slice(0, 40)}…` : key.toUpperCase();
  return (
    <div className="hub-narrow">
      <Heading title={t("way.title", { issue: shown })} beside={env ? <EnvironmentLabel name={env} /> : null} />
      <Asked query={query} rows={4}>{(found) => <Told found={found} />}</Asked>
    </div>
  );
}

function Told({ found }: { found: Found }) {
  const { t } = useTranslation();
  const { announce } = useSay();
  const [act, setAct] = useState<"revive" | "wake" | null>(null);
  const last = useRef<string | null>(null);
  const step = found.steps.find((one) => one.state === "now")?.name ?? "";
  const now = `${t(`way.${found.state}`)} ${step ? t(`steps.${step}`, { defaultValue: step }) : ""}`;
  useEffect(() => {
    if (last.current !== null && last.current !== now) announce(now);
    last.current = now;
  }, [now, announce]);
  if (found.state === "choose") {
    return (
      <>
        <p>{t("way.choose")}</p>
        <ul className="hub-choices">
          {found.choices.map((one) => (
            <li key={one.environment}>
              <Link to={`/preview/${encodeURIComponent(found.issue)}/${encodeURIComponent(one.environment)}`} reloadDocument>
                <EnvironmentLabel name={one.environment} /> <PhaseLabel phase={one.phase} /> <span className="hub-quiet"><Left ends={one.ends} isRequest={false} /></span>
              </Link>
            </li>
          ))}
        </ul>
      </>
    );
  }
  const isOnItsWay = found.state === "starting" || found.state === "waiting" || found.state === "review";
  return (
    <>
      <p className="hub-way">{isOnItsWay ? <Spinner size="md" aria-label={t("way.looking")} /> : null} <strong role="status">{t(`way.${found.state}`)}</strong></p>
      <p>{t(`way.says.${found.state}`)}</p>
      {found.state === "ready" && found.url && found.environment ? <Ready url={found.url} environment={found.environment} /> : null}
      {found.steps.length > 0 && found.state !== "none" && found.state !== "expired" ? <Steps steps={found.steps} isSeen={found.isSeen} /> : null}
      {found.place ? <p>{t("plan.placeOf", { position: found.place.position, of: found.place.length })} <span lang="en">{found.place.held.join("; ")}</span></p> : null}
      {found.request ? <p><Outside address={found.request.url}>{t("approval.request", { number: found.request.number })}</Outside></p> : null}
      {found.operation?.error ? <Alert variant="danger" isInline component="h2" title={t("way.whyFailed")}><Faults error={found.operation.error} /></Alert> : null}
      {found.causes && (found.state === "stuck" || found.state === "starting" || found.state === "failed") ? <Cause causes={found.causes} /> : null}
      {found.state === "expired" && found.revive ? (
        <Nothing title={t("way.canRevive")} action={<Button onClick={() => setAct("revive")}>{t("act.revive.short")}</Button>}><Removed revive={found.revive} /></Nothing>
      ) : null}
      {found.state === "sleeping" ? <p><Button onClick={() => setAct("wake")}>{t("act.wake.short")}</Button></p> : null}
      {found.state === "none" ? <p><LinkButton to={`/start?issue=${encodeURIComponent(found.issue)}`}>{t("previews.start")}</LinkButton></p> : null}
      {found.environment && found.state !== "none" && found.state !== "expired" ? <p><Link to={previewPath(found.environment, found.issue)}>{t("way.details")}</Link></p> : null}
      {act && found.environment ? <ActDialog act={act} targets={[{ environment: found.environment, issue: found.issue, ends: null }]} close={() => setAct(null)} /> : null}
    </>
  );
}

/** It came up while one waited: there, unless its address is none of previews. */
function Ready({ url, environment }: { url: string; environment: string }) {
  const known = useEnvironmentNamed(environment);
  useEffect(() => {
    if (known && isOfDomain(url, known.domain)) window.location.replace(url);
  }, [known, url]);
  return <p><PreviewLink address={url} environment={environment} /></p>;
}
