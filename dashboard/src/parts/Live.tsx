import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from "react";
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
  const address = `/api/v1/events?${query(filter)}`;
  useEffect(() => {
    if (!isOn) return;
    let later: ReturnType<typeof setTimeout> | undefined;
    let isAll = false;
    const soon = (revision?: string): void => {
      isAll ||= revision === undefined;
      clearTimeout(later);
      later = setTimeout(() => {
        void readAnew(client, isAll ? undefined : revision);
        isAll = false;
      }, TOGETHER_MS);
    };
    const stream = new Stream(address, {
      event: ({ event, data }) => {
        // Nobody told of what changed before the stream began, or while it was another screen's.
        if (event === "snapshot") soon((data as { revision: string }).revision);
        else if (event !== "alive") soon();
      },
      state: (now) => setState((before) => (before.state === now.state ? before : now)),
      lost: () => soon(),
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
  const { state, at } = use(Context).state;
  const time = at === null ? "" : format.clock(new Date(at).toISOString());
  const words = state === "live" ? t("live.live") : at === null ? t(`live.${state}`) : t(`live.${state}Since`, { time });
  return (
    <span className={`hub-live hub-live-${state}`} title={words}>
      <span aria-hidden="true">{state === "live" ? "●" : "◌"}</span> <span className="hub-live-words">{words}</span>
    </span>
  );
}
