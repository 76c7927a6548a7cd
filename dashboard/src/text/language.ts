import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { kept, keep } from "../parts/kept";

export const LANGUAGES = ["ko", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
const KEPT = "rtb-hub-language";

/** The language that was chosen, else the first of the browser's that there is, else English. */
export function wantedLanguage(chosen: string | null, browser: readonly string[]): Language {
  const wanted = [chosen ?? "", ...browser].map((one) => one.toLowerCase().slice(0, 2));
  return LANGUAGES.find((one) => one === wanted[0]) ?? (wanted.find((one) => one === "ko" || one === "en") as Language | undefined) ?? "en";
}

async function words(language: Language): Promise<object> {
  return language === "ko" ? (await import("./ko")).ko : (await import("./en")).en;
}

/** Begin with the words of one language; those of the other are loaded when it is chosen. */
export async function beginWords(): Promise<void> {
  const language = wantedLanguage(kept(KEPT), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await words(language) } },
    interpolation: { escapeValue: false }, // React escapes
    returnNull: false,
  });
  document.documentElement.lang = language;
}

/** Show everything in a language, and remember it. */
export async function speak(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", await words(language));
  }
  keep(KEPT, language);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}
