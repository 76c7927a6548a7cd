const BROWSERS = [[/Edg\w*\/(\d+)/, "Edge"], [/OPR\/(\d+)/, "Opera"], [/SamsungBrowser\/(\d+)/, "Samsung Internet"], [/(?:Firefox|FxiOS)\/(\d+)/, "Firefox"], [/(?:Chrome|CriOS)\/(\d+)/, "Chrome"], [/Version\/(\d+)\S* (?:Mobile\S* )?Safari/, "Safari"]] as const;
const SYSTEMS = [[/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/Linux/, "Linux"]] as const;

/** Which browser, and on what, as it calls itself: `Chrome 150 · Linux`. What is none of these is shown as it is, cut. */
export function deviceOf(userAgent: string): string {
  const browser = BROWSERS.map(([form, name]) => [name, form.exec(userAgent)?.[1]] as const).find(([, version]) => version !== undefined);
  if (!browser) return userAgent.length > 60 ? `${userAgent.slice(0, 60)}…` : userAgent;
  const system = SYSTEMS.find(([form]) => form.test(userAgent))?.[1];
  return [browser.join(" "), system].filter(Boolean).join(" · ");
}
