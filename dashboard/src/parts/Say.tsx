import { AlertActionCloseButton, AlertGroup } from "@patternfly/react-core";
import { createContext, use, useCallback, useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Alert } from "./Notice";

type Kind = "success" | "danger" | "info" | "warning";
interface Said {
  id: number;
  kind: Kind;
  text: string;
  more: ReactNode;
}
interface Saying {
  /** Show something for a while, and have it read once. */
  say(kind: Kind, text: string, more?: ReactNode): void;
  /** Have something read once, and shown nowhere: it is on the screen already. */
  announce(text: string): void;
}

const Context = createContext<Saying>({ say: () => undefined, announce: () => undefined });
export const useSay = (): Saying => use(Context);
let number = 0;

/** Holds what is said: toasts, and a region for what only those hear who cannot see it. */
export function SayProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [said, setSaid] = useState<Said[]>([]);
  const [heard, setHeard] = useState("");
  const drop = useCallback((id: number) => setSaid((all) => all.filter((one) => one.id !== id)), []);
  const saying = useMemo<Saying>(
    () => ({
      say: (kind, text, more) => {
        number += 1;
        const id = number;
        setSaid((all) => [...all.filter((one) => one.text !== text), { id, kind, text, more }].slice(-4));
      },
      announce: (text) => setHeard((last) => (last === text ? `${text}\u00a0` : text)),
    }),
    [],
  );
  return (
    <Context value={saying}>
      {children}
      <AlertGroup isToast isLiveRegion aria-label={t("say.region")}>
        {said.map((one) => (
          <Alert
            key={one.id} component="div" variant={one.kind} title={one.text} timeout={one.kind === "danger" ? false : 8000}
            onTimeout={() => drop(one.id)}
            actionClose={<AlertActionCloseButton aria-label={t("action.close")} onClose={() => drop(one.id)} />}
          >
            {one.more}
          </Alert>
        ))}
      </AlertGroup>
      <div className="pf-v6-screen-reader" aria-live="polite" aria-atomic="true" id="hub-heard">{heard}</div>
    </Context>
  );
}
