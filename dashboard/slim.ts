import postcss, { type Rule } from "postcss";
import type { Plugin } from "vite";

/** Themes that nobody can choose here. */
const UNUSED = /\.pf-v6-theme-(?:felt|glass|high-contrast|redhat|red-hat|unified)/;

/** The part of PatternFly that a selector is about, such as `pf-v6-c-drawer`. */
const PART = /\.(pf-v6-[clm]-[a-z-]+?)(?=__|[^a-z-]|$)/g;

/** The style sheet without fonts, themes and parts that are not used, and without custom properties that nothing reads. */
export function slimmed(css: string, scripts: string): string {
  const root = postcss.parse(css);
  const isUsed = (selector: string): boolean =>
    !UNUSED.test(selector) && [...selector.matchAll(PART)].every(([, part]) => scripts.includes(part!.replace(/-$/, "")));
  root.walkAtRules("font-face", (one) => {
    one.remove(); // fonts are those of the system, which have Korean too
  });
  root.walkRules((rule: Rule) => {
    if (rule.parent?.type === "atrule" && "name" in rule.parent && String(rule.parent.name).endsWith("keyframes")) return;
    const kept = rule.selectors.filter(isUsed);
    if (kept.length === 0) rule.remove();
    else if (kept.length < rule.selectors.length) rule.selectors = kept;
  });
  for (let isLess = true; isLess; ) {
    isLess = false;
    const read = new Set<string>();
    root.walkDecls((one) => {
      for (const [, name] of one.value.matchAll(/var\(\s*(--[\w-]+)/g)) read.add(name!);
    });
    root.walkAtRules((one) => {
      for (const [, name] of one.params.matchAll(/(--[\w-]+)/g)) read.add(name!);
    });
    root.walkDecls(/^--/, (one) => {
      if (read.has(one.prop) || scripts.includes(one.prop)) return;
      one.remove();
      isLess = true;
    });
  }
  root.walkRules((rule) => {
    if (rule.nodes.length === 0) rule.remove();
  });
  root.walkAtRules((one) => {
    if (one.nodes?.length === 0) one.remove();
  });
  return root.toString();
}

/** Does it to what is built, and leaves out the pictures that nothing names then. */
export function slim(): Plugin {
  return {
    name: "slim",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const scripts = Object.values(bundle).map((one) => (one.type === "chunk" ? one.code : "")).join("\n");
      const sheets = Object.values(bundle).filter((one) => one.type === "asset" && one.fileName.endsWith(".css"));
      let css = "";
      for (const one of sheets) {
        if (one.type !== "asset") continue;
        one.source = slimmed(String(one.source), scripts);
        css += one.source;
      }
      for (const [name, one] of Object.entries(bundle)) {
        const base = name.split("/").pop()!;
        if (one.type === "asset" && /\.(?:svg|woff2?|png|jpe?g)$/.test(name) && !css.includes(base) && !scripts.includes(base)) Reflect.deleteProperty(bundle, name);
      }
    },
  };
}
