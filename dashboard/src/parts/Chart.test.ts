import { expect, it } from "vitest";
import { ceiling, namedDays } from "./Chart";

it("ends a scale at a round number with a round half", () => {
  expect([0, 0.0017, 1, 3, 7, 95].map((one) => ceiling(one))).toEqual([1, 0.002, 1, 4, 8, 100]);
  expect([0, 1, 3, 7, 9, 11, 21].map((one) => ceiling(one, true))).toEqual([2, 2, 4, 8, 10, 20, 40]);
});

it("names the first day, the last, and some between", () => {
  expect(namedDays([])).toEqual([]);
  expect(namedDays(["a"])).toEqual(["a"]);
  expect(namedDays(["a", "b", "c"])).toEqual(["a", "c"]);
  expect(namedDays(Array.from({ length: 30 }, (_, number) => String(number)))).toEqual(["0", "7", "15", "22", "29"]);
});
