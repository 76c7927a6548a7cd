import { FormSelect, FormSelectOption } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useEnvironments, useStatistics } from "../api/queries";
import { Chart } from "../parts/Chart";
import { Heading } from "../parts/Heading";
import { Asked, Nothing, Unread } from "../parts/States";
import { useFormat } from "../text/format";

const SPANS = [7, 30, 90] as const;

/** What starts, what it costs and how long it takes, day by day. */
export function Statistics() {
  const { t } = useTranslation();
  const format = useFormat();
  const [search, setSearch] = useSearchParams();
  const span = SPANS.find((one) => String(one) === search.get("days")) ?? 30;
  const env = search.get("env") ?? "";
  const query = useStatistics(span, env);
  const environments = useEnvironments();
  const set = (name: string, value: string): void =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    }, { replace: true });
  const count = (value: number): string => format.number(value);
  return (
    <>
      <Heading title={t("screen.statistics")} />
      <div className="hub-filters">
        <FormSelect aria-label={t("statistics.days")} value={String(span)} onChange={(_, value) => set("days", value)}>
          {SPANS.map((one) => <FormSelectOption key={one} value={String(one)} label={t("statistics.lastDays", { count: one })} />)}
        </FormSelect>
        <FormSelect aria-label={t("filter.env")} value={env} onChange={(_, value) => set("env", value)}>
          <FormSelectOption value="" label={t("filter.env")} />
          {(environments.data?.environments ?? []).map((one) => <FormSelectOption key={one.name} value={one.name} label={one.name} />)}
        </FormSelect>
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
                <Chart title={t("statistics.starts")} days={days} series={[
                  { name: t("statistics.started"), values: found.days.map((one) => one.starts), shown: count },
                  { name: t("statistics.failures"), values: found.days.map((one) => one.failures), shown: count },
                ]} />
                {currencies.map((currency) => (
                  <Chart key={currency} title={t("statistics.spend", { currency })} days={days} series={[
                    { name: t("statistics.spent"), values: found.days.map((one) => Number(one.spend[currency] ?? 0)), shown: (value) => format.money(value, currency) },
                  ]} />
                ))}
                <Chart title={t("statistics.timeToUrl")} days={days} series={[
                  { name: t("statistics.median"), values: found.days.map((one) => (one.timeToUrl ?? null)?.median ?? null), shown: (value) => format.seconds(value) },
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
