import { FormSelect, FormSelectOption } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { useStatistics } from "../api/queries";
import { Chart } from "../parts/Chart";
import { EnvironmentChoice } from "../parts/choices";
import { Heading } from "../parts/Heading";
import { useSearch } from "../parts/search";
import { Asked, Nothing, Unread } from "../parts/States";
import { useFormat } from "../text/format";

const SPANS = [7, 30, 90] as const;

/** What starts, what it costs and how long it takes, day by day. */
export function Statistics() {
  const { t } = useTranslation();
  const format = useFormat();
  const [search, set] = useSearch();
  const span = SPANS.find((one) => String(one) === search.get("days")) ?? 30;
  const env = search.get("env") ?? "";
  const query = useStatistics(span, env);
  const count = (value: number): string => format.number(value);
  return (
    <>
      <Heading title={t("screen.statistics")} />
      <div className="hub-filters">
        <FormSelect aria-label={t("statistics.days")} value={String(span)} onChange={(_, value) => set({ days: value })}>
          {SPANS.map((one) => <FormSelectOption key={one} value={String(one)} label={t("statistics.lastDays", { count: one })} />)}
        </FormSelect>
        <EnvironmentChoice value={env} set={(value) => set({ env: value })} />
      </div>
      <Asked query={query} rows={6}>{(found) => {
        const days = found.days.map((one) => one.day);
        const currencies = [...new Set(found.days.flatMap((one) => Object.keys(one.spend)))];
        const isEmpty = found.days.every((one) => one.starts + one.stops + one.failures === 0) && currencies.length === 0;
        return (
          <>
            <Unread about={found} />
            {isEmpty ? <Nothing title={t("statistics.none")}>{t("statistics.noneSays")}</Nothing> : (
              <div className="hub-grid hub-charts">
                <Chart isCounted title={t("statistics.starts")} days={days} series={[
                  { name: t("statistics.started"), values: found.days.map((one) => one.starts), shown: count },
                  { name: t("statistics.failures"), values: found.days.map((one) => one.failures), shown: count },
                ]} />
                {currencies.map((currency) => (
                  <Chart key={currency} title={t("statistics.spend", { currency })} days={days} series={[
                    { name: t("statistics.spent"), values: found.days.map((one) => Number(one.spend[currency] ?? 0)), shown: (value) => format.money(value, currency) },
                  ]} />
                ))}
                <Chart title={t("statistics.timeToUrl")} days={days} series={[
                  { name: t("statistics.median"), values: found.days.map((one) => one.timeToUrl?.median ?? null), shown: (value) => format.seconds(value) },
                  { name: t("statistics.p95"), values: found.days.map((one) => one.timeToUrl?.p95 ?? null), shown: (value) => format.seconds(value) },
                ]} />
                <Chart title={t("statistics.timeToCommit")} days={days} series={[
                  { name: t("statistics.median"), values: found.days.map((one) => one.timeToCommit?.median ?? null), shown: (value) => format.seconds(value) },
                  { name: t("statistics.p95"), values: found.days.map((one) => one.timeToCommit?.p95 ?? null), shown: (value) => format.seconds(value) },
                ]} />
              </div>
            )}
          </>
        );
      }}</Asked>
    </>
  );
}
