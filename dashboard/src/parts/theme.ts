import { keep, kept } from "./kept";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const NAME = "rtb-hub-theme";

export function theme(): Theme {
  const found = kept(NAME);
  return found === "light" || found === "dark" ? found : "system";
}

function apply(wanted: Theme): void {
  const isDark = wanted === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : wanted === "dark";
  document.documentElement.classList.toggle("pf-v6-theme-dark", isDark);
}

export function wear(wanted: Theme): void {
  keep(NAME, wanted === "system" ? null : wanted);
  apply(wanted);
}

/** Follow the system's theme while none was chosen. */
export function followTheme(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (theme() === "system") apply("system");
  });
}
