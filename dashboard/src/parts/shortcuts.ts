import { useEffect, useSyncExternalStore } from "react";
import { keep, kept } from "./kept";

const NAME = "rtb-hub-shortcuts";
const listeners = new Set<() => void>();
let isOn = kept(NAME) !== "off";

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether single keys do something (WCAG 2.1.4: they can be switched off). */
export const useShortcutsOn = (): boolean => useSyncExternalStore(subscribe, () => isOn);

export function switchShortcuts(on: boolean): void {
  isOn = on;
  keep(NAME, on ? null : "off");
  for (const one of listeners) one();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** While it is shown, have single keys do something. They do nothing while one types, in dialogs, and with other keys held. */
export function useShortcuts(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const on = useShortcutsOn();
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [keys, on]);
}
