import { serverNow } from "./clock";
import { OWN_REQUEST, refresh, tellSession } from "./session";

/** Where the stream stands. `at`: when something was last heard, in milliseconds. */
export interface StreamState {
  state: "live" | "connecting" | "paused" | "ended";
  at: number | null;
}

export interface StreamEvent {
  event: string;
  data: unknown;
  id: string | null;
}

export interface StreamTold {
  event(told: StreamEvent): void;
  state(now: StreamState): void;
  /** What was missed is not known: read everything anew. */
  lost(): void;
}

/** How long to wait before the next try, in milliseconds: twice as long each time up to a minute, and never the same. */
export function backOff(tries: number, random: () => number = Math.random): number {
  const most = Math.min(60_000, 1000 * 2 ** Math.min(tries, 10));
  return most / 2 + (random() * most) / 2;
}

/** Nothing heard for so long means that the connection is gone: the server says that it is alive every 15 s. */
const SILENT_MS = 40_000;

/** Reads server-sent events (WHATWG HTML, 9.2.6) from text as it comes. */
export function reader(told: (event: StreamEvent) => void): (text: string) => void {
  let rest = "";
  let event = "message";
  let data: string[] = [];
  let id: string | null = null;
  const line = (text: string): void => {
    if (text === "") {
      if (data.length > 0) {
        try {
          told({ event, data: JSON.parse(data.join("\n")), id });
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          told({ event: "reset", data: { why: "an event that cannot be read" }, id: null });
        }
      }
      event = "message";
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + (text[colon + 1] === " " ? 2 : 1));
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id") id = value;
  };
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const one of lines) line(one);
  };
}

/** One stream of a tab: closed while the tab is hidden, opened anew after a break, ended where nobody is signed in. */
export class Stream {
  private ends: AbortController | null = null;
  private last: string | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setTimeout> | undefined;
  private heard: number | null = null;
  private isStopped = false;

  constructor(
    private readonly url: string,
    private readonly told: StreamTold,
  ) {}

  start(): void {
    document.addEventListener("visibilitychange", this.onVisibility);
    window.addEventListener("online", this.onVisibility);
    if (document.hidden) this.say("paused");
    else void this.open();
  }

  stop(): void {
    this.isStopped = true;
    document.removeEventListener("visibilitychange", this.onVisibility);
    window.removeEventListener("online", this.onVisibility);
    this.close();
  }

  private close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    this.ends?.abort();
    this.ends = null;
  }

  private say(state: StreamState["state"]): void {
    this.told.state({ state, at: this.heard });
  }

  private readonly onVisibility = (): void => {
    if (this.isStopped) return;
    if (document.hidden) {
      this.close();
      this.last = null;
      this.say("paused");
    } else if (this.ends === null) {
      // What happened meanwhile is read anew, not waited for: a tab that comes back shows what is true now.
      this.told.lost();
      this.tries = 0;
      clearTimeout(this.timer);
      void this.open();
    }
  };

  private again(): void {
    this.close();
    if (this.isStopped || document.hidden) return;
    this.say("connecting");
    this.timer = setTimeout(() => void this.open(), backOff(this.tries));
    this.tries += 1;
  }

  private alive(): void {
    this.heard = serverNow();
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.again(), SILENT_MS);
  }

  private async open(): Promise<void> {
    const ends = new AbortController();
    this.ends = ends;
    this.say("connecting");
    this.watch = setTimeout(() => this.again(), SILENT_MS);
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream", ...OWN_REQUEST };
      if (this.last !== null) headers["Last-Event-ID"] = this.last;
      const answer = await fetch(this.url, { headers, signal: ends.signal, cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) {
        if (answer.status === 401 && this.tries === 0 && (await refresh())) return this.again();
        this.close();
        this.say("ended");
        if (answer.status === 401) tellSession(true);
        return;
      }
      if (!answer.ok || answer.body === null) return this.again();
      await this.read(answer.body, ends.signal);
      if (!ends.signal.aborted) this.again();
    } catch {
      if (!ends.signal.aborted) this.again();
    }
  }

  private async read(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const decoder = new TextDecoder();
    const take = reader((one) => this.take(one));
    const chunks = body.getReader();
    for (;;) {
      const { done, value } = await chunks.read();
      if (done || signal.aborted) return;
      this.tries = 0;
      this.alive();
      this.say("live");
      take(decoder.decode(value, { stream: true }));
    }
  }

  private take(one: StreamEvent): void {
    if (one.id !== null) this.last = one.id;
    if (one.event === "reset") {
      this.last = null;
      this.told.lost();
    } else {
      this.told.event(one);
    }
  }
}
