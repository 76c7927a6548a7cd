import { useMemo } from "react";
import { useTranslation } from "react-i18next";

/** A duration such as `7d`, `36h` or `1h30m` in minutes; null: it is none. */
export function minutesOf(text: string): number | null {
  const match = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?$/.exec(text.trim());
  if (!match || text.trim() === "") return null;
  return Number(match[1] ?? 0) * 1440 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
}

/** Dates, amounts and lengths in a language, in the time zone of who looks. */
export class Format {
  private readonly relative: Intl.RelativeTimeFormat;

  constructor(readonly language: string) {
    this.relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  }

  private dated(iso: string, options: Intl.DateTimeFormatOptions): string {
    const at = new Date(iso);
    return Number.isNaN(at.getTime()) ? iso : new Intl.DateTimeFormat(this.language, options).format(at);
  }

  /** `27 Nov, 18:04`. */
  moment(iso: string): string {
    return this.dated(iso, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  }

  /** With year, seconds and time zone, for who wants it exactly. */
  exactly(iso: string): string {
    return this.dated(iso, { dateStyle: "full", timeStyle: "long" });
  }

  clock(iso: string): string {
    return this.dated(iso, { hour: "2-digit", minute: "2-digit" });
  }

  /** A day such as 2026-11-27, as no moment of any zone. */
  day(day: string, options: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" }): string {
    return this.dated(`${day}T12:00:00Z`, { timeZone: "UTC", ...options });
  }

  number(value: number, digits = 0): string {
    return new Intl.NumberFormat(this.language, { maximumFractionDigits: digits }).format(value);
  }

  /** An amount; less than a unit with as many digits as it takes to see it. */
  money(amount: string | number, currency: string): string {
    const value = Number(amount);
    if (!Number.isFinite(value)) return String(amount);
    const digits = value !== 0 && Math.abs(value) < 1 ? 4 : 2;
    const options: Intl.NumberFormatOptions = { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: digits };
    try {
      return new Intl.NumberFormat(this.language, options).format(value);
    } catch (error) {
      if (error instanceof RangeError) return `${String(amount)} ${currency}`;
      throw error;
    }
  }

  /** `2 h 5 min`, `3 days`: the two largest units. */
  length(minutes: number): string {
    const whole = Math.max(0, Math.floor(minutes));
    const parts: [number, "day" | "hour" | "minute"][] = [
      [Math.floor(whole / 1440), "day"], [Math.floor((whole % 1440) / 60), "hour"], [whole % 60, "minute"],
    ];
    const shown = parts.filter(([value]) => value > 0).slice(0, 2);
    const words = (shown.length > 0 ? shown : [[0, "minute"] as const]).map(([value, unit]) =>
      new Intl.NumberFormat(this.language, { style: "unit", unit, unitDisplay: "short" }).format(value),
    );
    return words.join(" ");
  }

  seconds(value: number): string {
    if (value >= 90) return this.length(Math.round(value / 60));
    return new Intl.NumberFormat(this.language, { style: "unit", unit: "second", unitDisplay: "short", maximumFractionDigits: 1 }).format(value);
  }

  /** `in 3 hours`, `yesterday`. */
  ago(iso: string, now: number): string {
    const at = new Date(iso).getTime();
    if (Number.isNaN(at)) return iso;
    const minutes = Math.round((at - now) / 60_000);
    if (Math.abs(minutes) < 60) return this.relative.format(minutes, "minute");
    if (Math.abs(minutes) < 48 * 60) return this.relative.format(Math.round(minutes / 60), "hour");
    return this.relative.format(Math.round(minutes / 1440), "day");
  }

  list(words: readonly string[]): string {
    return new Intl.ListFormat(this.language, { type: "conjunction" }).format(words);
  }
}

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return useMemo(() => new Format(i18n.language), [i18n.language]);
}
