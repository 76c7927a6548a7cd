import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLine } from "../api/queries";
import type { Approval, Place } from "../api/shapes";
import { ActDialog } from "../parts/ActDialog";
import type { Target } from "../parts/acts";
import { Heading } from "../parts/Heading";
import { EnvironmentLabel, PhaseLabel } from "../parts/labels";
import { LinkButton } from "../parts/LinkButton";
import { IssueLink, Outside } from "../parts/links";
import { useWhyNot } from "../parts/person";
import { Reasoned } from "../parts/Reasoned";
import { Asked, Block, Nothing, Unread } from "../parts/States";
import { Moment } from "../parts/time";

/** Who waits for room, in order, and what waits for a review. */
export function Waiting() {
  const { t } = useTranslation();
  const query = useLine();
  const [stopping, setStopping] = useState<Target | null>(null);
  return (
    <>
      <Heading title={t("screen.waiting")} />
      <Asked query={query}>{(found) => (
        <>
          <Unread about={found} />
          <Block title={t("waiting.title")}>
            {found.queue.length === 0 ? (
              <Nothing title={t("waiting.none")} action={<LinkButton variant="secondary" to="/start">{t("previews.start")}</LinkButton>}>{t("waiting.noneSays")}</Nothing>
            ) : (
              <table className="hub-table" aria-label={t("waiting.title")}>
                <thead><tr><th scope="col">{t("waiting.place")}</th><th scope="col">{t("preview.issue")}</th><th scope="col">{t("preview.environment")}</th><th scope="col">{t("preview.requester")}</th><th scope="col">{t("waiting.since")}</th><th scope="col">{t("waiting.why")}</th><th scope="col"><span className="pf-v6-screen-reader">{t("preview.actions")}</span></th></tr></thead>
                <tbody>{found.queue.map((one) => <Waits key={`${one.environment}/${one.issue}`} place={one} stop={() => setStopping({ environment: one.environment, issue: one.issue, ends: null })} />)}</tbody>
              </table>
            )}
          </Block>
          <Block title={t("approval.title")}>
            {found.approvals.length === 0 ? <Nothing title={t("approval.none")}>{t("approval.noneSays")}</Nothing> : (
              <table className="hub-table" aria-label={t("approval.title")}>
                <thead><tr><th scope="col">{t("preview.issue")}</th><th scope="col">{t("preview.environment")}</th><th scope="col">{t("approval.asks")}</th><th scope="col">{t("preview.requester")}</th><th scope="col">{t("waiting.since")}</th><th scope="col">{t("approval.where")}</th></tr></thead>
                <tbody>{found.approvals.map((one) => <Asks key={`${one.environment}/${one.issue}/${one.action}`} approval={one} />)}</tbody>
              </table>
            )}
          </Block>
        </>
      )}</Asked>
      {stopping ? <ActDialog act="stop" targets={[stopping]} close={() => setStopping(null)} /> : null}
    </>
  );
}

function Waits({ place, stop }: { place: Place; stop: () => void }) {
  const { t } = useTranslation();
  const why = useWhyNot(place.lease.requestedBy);
  return (
    <tr>
      <td data-label={t("waiting.place")}>{t("plan.placeOf", { position: place.position, of: place.length })}</td>
      <th scope="row" data-label={t("preview.issue")}><IssueLink environment={place.environment} issue={place.issue} /></th>
      <td data-label={t("preview.environment")}><EnvironmentLabel name={place.environment} /></td>
      <td data-label={t("preview.requester")}>{place.lease.requestedBy}</td>
      <td data-label={t("waiting.since")}><Moment at={place.lease.requestedAt} /></td>
      <td data-label={t("waiting.why")}>{place.held.length === 0 ? t("waiting.next") : <span lang="en">{place.held.join("; ")}</span>}</td>
      <td className="hub-acts"><Reasoned size="sm" variant="secondary" why={why} aria-label={t("act.stop.title", { issue: place.issue, environment: place.environment })} onClick={stop}>{t("act.stop.short")}</Reasoned></td>
    </tr>
  );
}

function Asks({ approval }: { approval: Approval }) {
  const { t } = useTranslation();
  return (
    <tr>
      <th scope="row" data-label={t("preview.issue")}><IssueLink environment={approval.environment} issue={approval.issue} /></th>
      <td data-label={t("preview.environment")}><EnvironmentLabel name={approval.environment} isGated /></td>
      <td data-label={t("approval.asks")}>{t(`approval.${approval.action}`)}</td>
      <td data-label={t("preview.requester")}>{approval.requestedBy}</td>
      <td data-label={t("waiting.since")}>{approval.requestedAt ? <Moment at={approval.requestedAt} /> : "–"}</td>
      <td data-label={t("approval.where")}>
        {approval.request ? (
          <><Outside address={approval.request.url}>{t("approval.request", { number: approval.request.number })}</Outside> <PhaseLabel of="state" phase={approval.request.state} /></>
        ) : (
          <span className="hub-quiet">{t("approval.branch")} <code>{approval.branch}</code></span>
        )}
        {approval.notYet ? <div lang="en">{approval.notYet}</div> : null}
      </td>
    </tr>
  );
}
