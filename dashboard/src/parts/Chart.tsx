import { ExpandableSection } from "@patternfly/react-core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../text/format";

export interface Series {
  name: string;
  values: (number | null)[];
  shown: (value: number) => string;
}
const WIDTH = 600;
const HEIGHT = 160;
/** Each series has a shape of its own beside its colour. */
const SHAPES = ["solid", "striped"] as const;

/** A round number at or above `value`, of which half is round too; a whole one for what is counted. */
export function ceiling(value: number, isCounted = false): number {
  const least = isCounted ? Math.max(2, value) : value;
  if (least <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 4, 6, 8, 10].find((one) => one * unit >= least && (!isCounted || (one * unit) % 2 === 0)) ?? 10;
  return step * unit;
}

/** Which days are named below a chart: the first, the last, and as many between them as there is room for. */
export function namedDays(days: readonly string[]): string[] {
  const shares = days.length > 4 ? [0, 0.25, 0.5, 0.75, 1] : days.length > 1 ? [0, 1] : [0];
  return shares.map((share) => days[Math.round(share * (days.length - 1))]).filter((day) => day !== undefined);
}

/** Bars by day. Everything in it stands in a table too, for who does not see it or wants the figures. */
export function Chart({ title, days, series, isCounted = false }: { title: string; days: string[]; series: Series[]; isCounted?: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const id = useId();
  const most = ceiling(Math.max(0, ...series.flatMap((one) => one.values.map((value) => value ?? 0))), isCounted);
  const slot = WIDTH / Math.max(1, days.length);
  const width = (slot * 0.8) / series.length;
  const first = series[0]!;
  if (series.every((one) => one.values.every((value) => value === null))) {
    return (
      <figure className="hub-chart" aria-labelledby={id}>
        <figcaption id={id}>{title}</figcaption>
        <p className="hub-quiet">{t("chart.none")}</p>
      </figure>
    );
  }
  return (
    <figure className="hub-chart" aria-labelledby={id}>
      <figcaption id={id}>{title}</figcaption>
      {series.length > 1 ? (
        <ul className="hub-legend" aria-hidden="true">
          {series.map((one, number) => <li key={one.name}><span className={`hub-key hub-key-${SHAPES[number] ?? "solid"}`} /> {one.name}</li>)}
        </ul>
      ) : null}
      <div className="hub-chart-frame">
        <div className="hub-chart-scale" aria-hidden="true">{[1, 0.5, 0].map((share) => <span key={share}>{first.shown(share * most)}</span>)}</div>
        <svg viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} preserveAspectRatio="none" role="img" aria-label={t("chart.seeTable", { title })}>
          <defs>
            <pattern id={`${id}-stripes`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="6" height="6" className="hub-stripe-ground" /><rect width="3" height="6" className="hub-stripe" />
            </pattern>
          </defs>
          {[0, 0.5, 1].map((share) => <line key={share} className="hub-line" x1="0" x2={WIDTH} y1={HEIGHT * share} y2={HEIGHT * share} />)}
          {series.map((one, number) =>
            one.values.map((value, day) =>
              value === null || value === 0 ? null : (
                <rect key={`${one.name} ${days[day] ?? ""}`} className="hub-column" fill={number === 1 ? `url(#${id}-stripes)` : undefined}
                  x={day * slot + slot * 0.1 + number * width} width={width} y={HEIGHT - (value / most) * HEIGHT} height={(value / most) * HEIGHT} />
              ),
            ),
          )}
        </svg>
        <div className="hub-chart-days" aria-hidden="true">
          {namedDays(days).map((day) => <span key={day}>{format.day(day)}</span>)}
        </div>
      </div>
      <ExpandableSection toggleText={t("chart.table")}>
        <div className="hub-scroll" tabIndex={0} role="region" aria-label={title}>
          <table className="hub-figures">
            <thead><tr><th scope="col">{t("chart.day")}</th>{series.map((one) => <th key={one.name} scope="col">{one.name}</th>)}</tr></thead>
            <tbody>
              {days.map((day, number) => (
                <tr key={day}><th scope="row">{format.day(day)}</th>{series.map((one) => <td key={one.name}>{one.values[number] === null || one.values[number] === undefined ? "–" : one.shown(one.values[number])}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      </ExpandableSection>
    </figure>
  );
}
