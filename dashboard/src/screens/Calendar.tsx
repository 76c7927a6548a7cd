import { Button, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useCalendar } from "../api/queries";
import { EnvironmentChoice } from "../parts/choices";
import { Heading } from "../parts/Heading";
import { EnvironmentLabel } from "../parts/labels";
import { IssueLink } from "../parts/links";
import { useSearch } from "../parts/search";
import { Asked, Nothing, Unread } from "../parts/States";
import { Moment, useNow } from "../parts/time";
import { useFormat } from "../text/format";

const DAY_MS = 86_400_000;

/** The day of a moment where one is, such as 2026-11-27. */
function dayOf(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** A day that a calendar has, such as 2026-11-27; null: it is none, or of another age. */
export function dayIn(text: string | null): string | null {
  if (text === null || !/^20\d{2}-\d{2}-\d{2}$/.test(text)) return null;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) ? text : null;
}

const after = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/** When a day begins where one is. */
const midnight = (day: string): string => new Date(`${day}T00:00:00`).toISOString().replace(".000Z", "Z");

/** The Monday of a day's week. */
function weekOf(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return after(day, -((weekday + 6) % 7));
}

/** What ends when: four weeks as a grid, and the ends of a day as a list. */
export function Calendar() {
  const { t } = useTranslation();
  const format = useFormat();
  const [search, set] = useSearch();
  const today = dayOf(new Date(useNow()));
  const from = weekOf(dayIn(search.get("from")) ?? today);
  const env = search.get("env") ?? "";
  const isMine = search.get("requester") !== "all";
  const day = dayIn(search.get("day"));
  const days = useMemo(() => Array.from({ length: 28 }, (_, number) => after(from, number)), [from]);
  const query = useCalendar(midnight(from), midnight(after(from, 28)), env, isMine ? "me" : "");
  return (
    <>
      <Heading title={t("screen.calendar")}>
        <Button variant="secondary" onClick={() => set({ from: after(from, -28), day: null })} aria-label={t("calendar.before")}>←</Button>
        <Button variant="secondary" onClick={() => set({ from: null, day: null })}>{t("calendar.today")}</Button>
        <Button variant="secondary" onClick={() => set({ from: after(from, 28), day: null })} aria-label={t("calendar.after")}>→</Button>
      </Heading>
      <div className="hub-filters">
        <ToggleGroup aria-label={t("filter.whose")}>
          <ToggleGroupItem text={t("filter.mine")} buttonId="calendar-mine" isSelected={isMine} onChange={() => set({ requester: null })} />
          <ToggleGroupItem text={t("filter.everybody")} buttonId="calendar-all" isSelected={!isMine} onChange={() => set({ requester: "all" })} />
        </ToggleGroup>
        <EnvironmentChoice value={env} set={(value) => set({ env: value })} />
      </div>
      <Asked query={query} rows={8}>{(found) => {
        const counts = new Map(found.days.map((one) => [one.day, one.count]));
        const shown = found.events.filter((one) => day === null || dayOf(new Date(one.at)) === day);
        return (
          <>
            <Unread about={found} />
            <ol className="hub-days" aria-label={t("calendar.days", { from: format.day(from), to: format.day(after(from, 27)) })}>
              {days.map((one) => {
                const count = counts.get(one) ?? 0;
                return (
                  <li key={one}>
                    <button type="button" className={`hub-day${one === today ? " hub-day-today" : ""}${count > 0 ? " hub-day-some" : ""}`} aria-pressed={day === one} aria-current={one === today ? "date" : undefined} onClick={() => set({ day: day === one ? null : one })}>
                      <span>{format.day(one, { weekday: "short", day: "numeric", month: "numeric" })}</span>
                      <span className="hub-day-count">{count > 0 ? t("calendar.ends", { count }) : <span className="pf-v6-screen-reader">{t("calendar.noEnds")}</span>}</span>
                    </button>
                  </li>
                );
              })}
            </ol>
            <h2 className="hub-sub">{day ? t("calendar.endsOn", { day: format.day(day, { dateStyle: "full" }) }) : t("calendar.all", { count: found.total })}</h2>
            {shown.length === 0 ? <Nothing title={t("calendar.none")}>{isMine ? t("calendar.noneMine") : null}</Nothing> : (
              <table className="hub-table" aria-label={t("screen.calendar")}>
                <thead><tr><th scope="col">{t("lease.ends")}</th><th scope="col">{t("preview.issue")}</th><th scope="col">{t("preview.environment")}</th><th scope="col">{t("preview.requester")}</th><th scope="col">{t("spend.perHour")}</th></tr></thead>
                <tbody>
                  {shown.map((one) => (
                    <tr key={`${one.environment}/${one.issue}`}>
                      <td data-label={t("lease.ends")}><Moment at={one.at} exact /></td>
                      <th scope="row" data-label={t("preview.issue")}><IssueLink environment={one.environment} issue={one.issue} /></th>
                      <td data-label={t("preview.environment")}><EnvironmentLabel name={one.environment} /></td>
                      <td data-label={t("preview.requester")}>{one.requestedBy}</td>
                      <td data-label={t("spend.perHour")}>{one.perHour === null ? t("price.shared") : format.money(one.perHour, one.currency)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            {found.next ? <p className="hub-quiet">{t("calendar.more", { shown: found.events.length, count: found.total })}</p> : null}
          </>
        );
      }}</Asked>
    </>
  );
}
