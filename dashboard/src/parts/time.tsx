import { Tooltip } from "@patternfly/react-core";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { onClock, serverNow } from "../api/clock";
import { useFormat } from "../text/format";

const EVERY_MS = 30_000;
const listeners = new Set<() => void>();
let now = serverNow();
let timer: ReturnType<typeof setInterval> | undefined;

function tell(): void {
  now = serverNow();
  for (const one of listeners) one();
}

onClock(tell);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.hidden) return;
    tell();
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function present(): number {
  if (Math.abs(serverNow() - now) > EVERY_MS) now = serverNow();
  return now;
}

/** The time, to half a minute, in milliseconds. */
export const useNow = (): number => useSyncExternalStore(subscribe, present);

/** A moment, relative; exactly on focus and under the pointer. */
export function Moment({ at, exact = false }: { at: string; exact?: boolean }) {
  const format = useFormat();
  const time = useNow();
  return (
    <Tooltip content={format.exactly(at)}>
      <time dateTime={at} tabIndex={0} className="hub-time">
        {exact ? format.moment(at) : format.ago(at, time)}
      </time>
    </Tooltip>
  );
}

/** How long a lease still runs. */
export function Left({ ends, isRequest }: { ends: string | null; isRequest: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const time = useNow();
  if (ends === null) return <>{isRequest ? t("left.afterMerge") : t("left.never")}</>;
  const minutes = (new Date(ends).getTime() - time) / 60_000;
  return (
    <Tooltip content={format.exactly(ends)}>
      <time dateTime={ends} tabIndex={0} className="hub-time">
        {minutes <= 0 ? t("left.over") : format.length(minutes)}
      </time>
    </Tooltip>
  );
}
