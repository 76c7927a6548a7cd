import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { aheadOfServer, learnDate, onClock, serverNow } from "./clock";

const SERVER = Date.UTC(2026, 10, 27, 12, 0, 0);
const sent = new Date(SERVER).toUTCString();

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.setSystemTime(SERVER);
  learnDate(sent);
  vi.useRealTimers();
});

it("goes by the server's clock where this one is off by more than an answer takes", () => {
  const told = vi.fn();
  const end = onClock(told);
  vi.setSystemTime(SERVER + 20_000);
  learnDate(sent);
  expect([aheadOfServer(), serverNow()]).toEqual([0, SERVER + 20_000]);
  vi.setSystemTime(SERVER + 3_600_000);
  learnDate(sent);
  expect([aheadOfServer(), serverNow(), told.mock.calls.length]).toEqual([3_600_000, SERVER, 1]);
  vi.setSystemTime(SERVER + 3_604_000);
  learnDate(sent);
  expect(told.mock.calls.length).toBe(1);
  vi.setSystemTime(SERVER - 7_200_000);
  learnDate(sent);
  expect(serverNow()).toBe(SERVER);
  end();
});

it("learns nothing from what is no date", () => {
  for (const text of [null, "", "tomorrow"]) learnDate(text);
  expect(aheadOfServer()).toBe(0);
});
