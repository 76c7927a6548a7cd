import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backOff, reader, Stream, type StreamEvent, type StreamState } from "./stream";

describe("reader", () => {
  it("reads events however they are cut", () => {
    const text = 'event: changed\r\nid: 7\r\ndata: {"a":\r\ndata: 1}\r\n\r\n: ping\n\nevent: gone\ndata: {}\n\n';
    for (let at = 1; at < text.length; at += 1) {
      const told: StreamEvent[] = [];
      const take = reader((one) => told.push(one));
      take(text.slice(0, at));
      take(text.slice(at));
      expect(told).toEqual([
        { event: "changed", data: { a: 1 }, id: "7" },
        { event: "gone", data: {}, id: "7" },
      ]);
    }
  });

  it("has what cannot be read be read anew", () => {
    const told: StreamEvent[] = [];
    reader((one) => told.push(one))("data: {\n\n");
    expect(told[0]?.event).toBe("reset");
  });
});

describe("backOff", () => {
  it("grows to a minute, and is never the same for all", () => {
    expect(backOff(0, () => 0)).toBe(500);
    expect(backOff(3, () => 1)).toBe(8000);
    expect(backOff(50, () => 1)).toBe(60_000);
    expect(backOff(50, () => 0)).toBe(30_000);
  });
});

describe("Stream", () => {
  let calls: { url: string; headers: Record<string, string>; signal: AbortSignal }[];
  let answers: (() => Response)[];
  const states: StreamState["state"][] = [];
  let lost = 0;
  let isHidden = false;

  beforeEach(() => {
    vi.useFakeTimers();
    calls = [];
    answers = [];
    states.length = 0;
    lost = 0;
    isHidden = false;
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    vi.stubGlobal("fetch", (url: string, init: { headers: Record<string, string>; signal: AbortSignal }) => {
      calls.push({ url, headers: init.headers, signal: init.signal });
      const next = answers.shift();
      return next ? Promise.resolve(next()) : Promise.reject(new TypeError("gone"));
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const open = () => new Response(new ReadableStream({ start: (one) => one.enqueue(new TextEncoder().encode('id: 3\nevent: changed\ndata: {}\n\n')) }));
  const stream = (events: StreamEvent[] = []) =>
    new Stream("/events", { event: (one) => events.push(one), state: (now) => states.push(now.state), lost: () => (lost += 1) });

  it("is closed while the tab is hidden, and has everything read anew after", async () => {
    answers = [open, open];
    const one = stream();
    one.start();
    await vi.advanceTimersByTimeAsync(10);
    expect(states.at(-1)).toBe("live");
    isHidden = true;
    document.dispatchEvent(new Event("visibilitychange"));
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(states.at(-1)).toBe("paused");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toHaveLength(1);
    isHidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(10);
    expect([calls.length, lost]).toEqual([2, 1]);
    one.stop();
  });

  it("tries again less and less often, and goes on where it was", async () => {
    answers = [open];
    const one = stream();
    one.start();
    await vi.advanceTimersByTimeAsync(41_000); // nothing was heard
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls.length).toBeGreaterThan(8);
    expect(calls.length).toBeLessThan(40);
    expect(calls[1]!.headers["Last-Event-ID"]).toBe("3");
    one.stop();
    const made = calls.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toHaveLength(made);
  });

  it("stops where nobody is signed in", async () => {
    answers = [() => new Response(null, { status: 401 }), () => new Response(null, { status: 401 })];
    const one = stream();
    one.start();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(states.at(-1)).toBe("ended");
    expect(calls.length).toBeLessThanOrEqual(3);
    one.stop();
  });

  it("has everything read anew where the server does not know any more", async () => {
    answers = [() => new Response("event: reset\ndata: {}\n\n"), open];
    const events: StreamEvent[] = [];
    const one = stream(events);
    one.start();
    await vi.advanceTimersByTimeAsync(2000);
    expect(lost).toBe(1);
    expect(calls[1]!.headers["Last-Event-ID"]).toBeUndefined();
    one.stop();
  });
});
