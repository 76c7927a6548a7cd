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

/** A round number at or above `value`. */
export function ceiling(value: number): number {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * unit >= value) ?? 10;
  return step * unit;
}

/** Bars by day. Everything in it stands in a table too, for who does not see it or wants the figures. */
export function Chart({ title, days, series }: { title: string; days: string[]; series: Series[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const id = useId();
  const most = ceiling(Math.max(0, ...series.flatMap((one) => one.values.map((value) => value ?? 0))));
  const slot = WIDTH / Math.max(1, days.length);
  const width = (slot * 0.8) / series.length;
  const first = series[0]!;
  return (
    <figure className="hub-chart" aria-labelledby={id}>
      <figcaption id={id}>{title}</figcaption>
      <ul className="hub-legend" aria-hidden="true">
        {series.map((one, number) => <li key={one.name}><span className={`hub-key hub-key-${SHAPES[number] ?? "solid"}`} /> {one.name}</li>)}
      </ul>
      <div className="hub-chart-frame">
        <span className="hub-chart-most" aria-hidden="true">{first.shown(most)}</span>
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
          <span>{days[0] ? format.day(days[0]) : ""}</span><span>{days.length > 0 ? format.day(days[days.length - 1]!) : ""}</span>
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
