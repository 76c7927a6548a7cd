import { expect, it } from "vitest";
import { dayIn } from "./Calendar";

it("takes days that there are, and nothing else", () => {
  expect(["2026-11-27", "2028-02-29"].map(dayIn)).toEqual(["2026-11-27", "2028-02-29"]);
  for (const text of [null, "", "2026-02-30", "2026-99-99", "9999-12-31", "0001-01-01", "2026-11-27T00:00", "tomorrow"]) expect(dayIn(text), String(text)).toBe(null);
});
