import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { readAnew } from "../api/operating";
import { Stream, type StreamState } from "../api/stream";
import { useFormat } from "../text/format";

export interface Watched {
  env?: string;
  phase?: string;
  project?: string;
  requester?: string;
  text?: string;
}
interface Live {
  state: StreamState;
  watch(filter: Watched): () => void;
}
const Context = createContext<Live>({ state: { state: "connecting", at: null }, watch: () => () => undefined });
/** Reading anew is put together: many changes in a moment are one look. */
const TOGETHER_MS = 400;

/** The state of this tab's stream. */
export const useLive = (): StreamState => use(Context).state;

/** While it is shown, have the stream tell of these previews alone. */
export function useWatched(filter: Watched): void {
  const { watch } = use(Context);
  const text = JSON.stringify(filter);
  useEffect(() => watch(JSON.parse(text) as Watched), [watch, text]);
}

function query(filter: Watched): string {
  const kept = Object.entries(filter).filter((one): one is [string, string] => typeof one[1] === "string" && one[1] !== "");
  return new URLSearchParams(kept).toString();
}


/** One stream for the whole tab, whatever its screens are; `isOn`: somebody is signed in. */
export function LiveProvider({ isOn, children }: { isOn: boolean; children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>({ state: "connecting", at: null });
  const [filter, setFilter] = useState<Watched>({});
  const later = useRef<ReturnType<typeof setTimeout>>(undefined);
  const address = `/api/v1/events?${query(filter)}`;
  useEffect(() => {
    if (!isOn) return;
    const soon = (act: () => void): void => {
      clearTimeout(later.current);
      later.current = setTimeout(act, TOGETHER_MS);
    };
    const stream = new Stream(address, {
      event: (told) => {
        if (told.event !== "alive" && told.event !== "snapshot") soon(() => void readAnew(client));
      },
      state: (now) => setState((before) => (before.state === now.state && now.state !== "live" ? before : now)),
      lost: () => soon(() => void readAnew(client)),
    });
    const begin = setTimeout(() => stream.start(), 50);
    return () => {
      clearTimeout(begin);
      stream.stop();
    };
  }, [address, client, isOn]);
  const live = useMemo<Live>(
    () => ({
      state,
      watch: (wanted) => {
        setFilter(wanted);
        return () => setFilter({});
      },
    }),
    [state],
  );
  return <Context value={live}>{children}</Context>;
}

/** Whether what is shown is of now, in a word; else of when. */
export function LiveLabel() {
  const { t } = useTranslation();
  const format = useFormat();
  const { state, at } = useLive();
  const time = at === null ? "" : format.clock(new Date(at).toISOString());
  const words = state === "live" ? t("live.live") : at === null ? t(`live.${state}`) : t(`live.${state}Since`, { time });
  return (
    <span className={`hub-live hub-live-${state}`} title={words}>
      <span aria-hidden="true">{state === "live" ? "●" : "◌"}</span> <span className="hub-live-words">{words}</span>
    </span>
  );
}
