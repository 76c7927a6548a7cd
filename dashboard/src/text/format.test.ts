import { describe, expect, it } from "vitest";
import { Format, minutesOf } from "./format";
import { wantedLanguage } from "./language";

const en = new Format("en");
const ko = new Format("ko");

describe("format", () => {
  it("reads lengths as the hub writes them", () => {
    expect(["7d", "36h", "1h30m", "1d2h3m", "90m"].map(minutesOf)).toEqual([10080, 2160, 90, 1563, 90]);
    expect(["", "soon", "-1h", "1w", "1h 30m", "9999999d"].map(minutesOf)).toEqual([null, null, null, null, null, null]);
  });

  it("says lengths by their two largest units", () => {
    expect(en.length(0)).toBe("0 min");
    expect(en.length(1563)).toBe("1 day 2 hr");
    expect(ko.length(150)).toBe("2시간 30분");
  });

  it("says amounts by locale, the small ones so that they are seen", () => {
    expect(en.money("12.5", "USD")).toBe("$12.50");
    expect(en.money("0.0042", "USD")).toBe("$0.0042");
    expect(ko.money(12000, "KRW")).toContain("12,000");
    expect(en.money("12.5", "no currency")).toBe("12.5 no currency");
    expect(en.money("much", "USD")).toBe("much");
  });

  it("says when, and leaves what is no time as it is", () => {
    const now = Date.parse("2026-11-27T00:00:00Z");
    expect(en.ago("2026-11-27T03:00:00Z", now)).toBe("in 3 hours");
    expect(ko.ago("2026-11-26T00:00:00Z", now)).toBe("24시간 전");
    expect(en.moment("never")).toBe("never");
    expect(en.day("2026-11-27")).toBe("Nov 27");
  });
});

describe("language", () => {
  it("is the chosen one, else the browser's, else English", () => {
    expect(wantedLanguage("ko", ["en-US"])).toBe("ko");
    expect(wantedLanguage(null, ["fr", "ko-KR", "en"])).toBe("ko");
    expect(wantedLanguage(null, ["fr"])).toBe("en");
    expect(wantedLanguage("xx", [])).toBe("en");
  });
});
