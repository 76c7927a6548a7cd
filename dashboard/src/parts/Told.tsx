/** The language of a text: an answer is worded in the page's language where the server has the words, else in English. */
export const languageOf = (text: string): "ko" | "en" => (/[가-힣]/.test(text) ? "ko" : "en");

/** A text of the server. */
export function Told({ children }: { children: string }) {
  return <span lang={languageOf(children)}>{children}</span>;
}
