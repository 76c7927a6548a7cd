import { ExpandableSection } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { ObjectChange, Plan, Room } from "../api/shapes";
import { useFormat } from "../text/format";
import { PriceLine } from "./PriceLine";
import { Faults, useReason } from "./States";
import { Moment } from "./time";
import { Alert } from "./Notice";

const SIGN = { added: "+", changed: "~", removed: "−" } as const;

/** A value of a field, as text. */
const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Objects that change, each with its fields. */
export function Objects({ objects, leftOut }: { objects: ObjectChange[]; leftOut: number }) {
  const { t } = useTranslation();
  if (objects.length === 0) return <p>{t("plan.noObjects")}</p>;
  return (
    <ul className="hub-objects">
      {objects.map((one) => (
        <li key={`${one.kind}/${one.namespace ?? ""}/${one.name}`}>
          <span className={`hub-change hub-change-${one.change}`}>
            <span aria-hidden="true">{SIGN[one.change]}</span>
            <span className="pf-v6-screen-reader">{t(`plan.${one.change}`)}</span>
          </span>{" "}
          <strong lang="en">{one.kind}</strong> <code>{one.name}</code>
          {one.fields.length > 0 && one.change === "changed" ? (
            <dl className="hub-fields">
              {one.fields.map((field) => (
                <div key={field.field}>
                  <dt><code>{field.field}</code></dt>
                  <dd>
                    {field.before === undefined || field.before === null ? null : <del>{shown(field.before)}</del>}{" "}
                    {field.after === undefined || field.after === null ? null : <ins>{shown(field.after)}</ins>}
                  </dd>
                </div>
              ))}
            </dl>
          ) : null}
          {one.fieldsLeftOut > 0 ? <p>{t("plan.fieldsLeftOut", { count: one.fieldsLeftOut })}</p> : null}
        </li>
      ))}
      {leftOut > 0 ? <li>{t("plan.objectsLeftOut", { count: leftOut })}</li> : null}
    </ul>
  );
}

/** What is taken of something that is limited, as a bar and in words. */
export function RoomBar({ room }: { room: Room }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { used, limit } = room;
  const asked = "asked" in room ? room.asked : 0;
  const name = t(`room.${room.what}`, { defaultValue: room.what }) + (room.where ? ` · ${room.where}` : "");
  const shown = { used: format.number(used, 2), asked: format.number(asked, 2), limit: format.number(limit, 2) };
  const words = t(asked > 0 ? "room.askedOf" : "room.usedOf", shown);
  const share = (value: number): number => (value > 0 ? Math.min(100, (value / limit) * 100) : 0);
  return (
    <div className="hub-room">
      <div className="hub-room-words"><span>{name}</span> <span>{words}</span></div>
      <svg className={`hub-bar ${share(used + asked) >= 90 ? "hub-bar-full" : ""}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect className="hub-bar-all" width="100" height="6" />
        <rect className="hub-bar-used" width={share(used)} height="6" />
        {asked > 0 ? <rect className="hub-bar-asked" x={share(used)} width={share(used + asked) - share(used)} height="6" /> : null}
      </svg>
    </div>
  );
}

/** What would be done, or why it would be refused. */
export function PlanView({ plan, isWhole = true }: { plan: Plan; isWhole?: boolean }) {
  const { t } = useTranslation();
  const reason = useReason();
  if (plan.refused) {
    return (
      <Alert variant="danger" isInline component="h3" title={reason(plan.refused)}>
        <Faults error={plan.refused} />
      </Alert>
    );
  }
  return (
    <div className="hub-plan">
      {plan.gated ? <Alert variant="info" isInline component="h3" title={t("plan.asksReview", { environment: plan.environment })} /> : null}
      <dl className="hub-facts">
        {plan.place ? <div><dt>{t("plan.place")}</dt><dd>{t("plan.placeOf", { position: plan.place.position, of: plan.place.of })}: <span lang="en">{plan.place.why.join("; ")}</span></dd></div> : null}
        {plan.ends ? (
          <div>
            <dt>{t("plan.ends")}</dt>
            <dd>
              {plan.endsBefore && plan.endsBefore !== plan.ends ? <><Moment at={plan.endsBefore} exact /> → </> : null}
              <strong><Moment at={plan.ends} exact /></strong>
            </dd>
          </div>
        ) : null}
        {plan.latestEnd ? <div><dt>{t("plan.latestEnd")}</dt><dd><Moment at={plan.latestEnd} exact /></dd></div> : null}
        {plan.price.after ? <div><dt>{t("price.title")}</dt><dd><PriceLine price={plan.price.after} /></dd></div> : null}
        {plan.preview && plan.action === "start" ? <div><dt>{t("preview.address")}</dt><dd><span className="hub-address">{plan.preview.url}</span></dd></div> : null}
      </dl>
      {isWhole ? plan.room.map((room) => <RoomBar key={`${room.what} ${room.where ?? ""}`} room={room} />) : null}
      {isWhole && plan.unread ? <p>{t("plan.unread")} <span lang="en">{plan.unread}</span></p> : null}
      {isWhole && !plan.unread && plan.action !== "extend" ? (
        <ExpandableSection toggleText={t("plan.objects", { ...plan.counts })} isIndented>
          <Objects objects={plan.objects} leftOut={plan.objectsLeftOut} />
        </ExpandableSection>
      ) : null}
    </div>
  );
}
