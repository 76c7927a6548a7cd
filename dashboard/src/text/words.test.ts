import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { en } from "./en";
import { ko } from "./ko";

type Tree = { [name: string]: string | Tree };

function flat(tree: Tree, before = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === "string") found.set(before + name, value);
    else for (const [key, text] of flat(value, `${before}${name}.`)) found.set(key, text);
  }
  return found;
}

const english = flat(en);
const korean = flat(ko);
const places = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!).sort();
/** What is the same in both languages. */
const NAMES = new Set(["room.fargateVcpu", "freeze.says"]);

const SOURCE = join(import.meta.dirname, "..");
const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.|^text|^api\.d\.ts$/.test(path))
  .map((path) => ({ path, tree: ts.createSourceFile(path, readFileSync(join(SOURCE, path), "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX) }));

function walk(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => walk(child, see));
}

describe("words", () => {
  it("has the same keys in both languages, none empty", () => {
    expect([...korean.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of [...english, ...korean]) expect(text.trim(), key).not.toBe("");
  });

  it("has every Korean text in Korean, and every English one without it", () => {
    for (const [key, text] of korean) if (!NAMES.has(key)) expect(text, key).toMatch(/[가-힣]/);
    for (const [key, text] of english) expect(text, key).not.toMatch(/[가-힣]/);
  });

  it("puts the same values into both", () => {
    for (const [key, text] of english) expect(places(korean.get(key)!), key).toEqual(places(text));
  });

  it("has every key that is used", () => {
    const known = (key: string): boolean => english.has(key) || english.has(`${key}_other`);
    for (const { path, tree } of files) {
      walk(tree, (node) => {
        if (!ts.isCallExpression(node) || node.expression.getText() !== "t") return;
        const [first] = node.arguments;
        const keys = first && ts.isArrayLiteralExpression(first) ? [...first.elements] : [first!];
        for (const one of keys) {
          if (ts.isStringLiteral(one)) expect(known(one.text), `${path}: ${one.text}`).toBe(true);
          if (ts.isConditionalExpression(one)) {
            for (const branch of [one.whenTrue, one.whenFalse]) if (ts.isStringLiteral(branch)) expect(known(branch.text), `${path}: ${branch.text}`).toBe(true);
          }
          if (ts.isTemplateExpression(one)) {
            const head = one.head.text;
            expect([...english.keys()].some((key) => key.startsWith(head)), `${path}: ${head}…`).toBe(true);
          }
        }
      });
    }
  });

  it("has no key that is used nowhere", () => {
    const used = new Set<string>();
    // Keys that PhaseLabel makes of what the API says; of the others a part at least stands in the source.
    const made: RegExp[] = [/^(?:phase|state)\./];
    const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    for (const { tree } of files) {
      walk(tree, (node) => {
        if (ts.isStringLiteralLike(node)) used.add(node.text);
        if (ts.isTemplateExpression(node) && node.head.text.includes(".")) {
          made.push(new RegExp(`^${literal(node.head.text)}${node.templateSpans.map((span) => `.+${literal(span.literal.text)}`).join("")}$`));
        }
      });
    }
    const isUsed = (key: string): boolean => used.has(key) || made.some((one) => one.test(key));
    expect([...english.keys()].filter((key) => !isUsed(key.replace(/_(?:one|other)$/, "")))).toEqual([]);
  });

  it("shows no words that are written in the source", () => {
    const bare: string[] = [];
    const isWord = (text: string): boolean => /[A-Za-z가-힣]{2,}/.test(text.replace(/RTB AI Hub|RTB-123|한국어|English|CPU|^ci$/g, ""));
    for (const { path, tree } of files) {
      walk(tree, (node) => {
        if (ts.isJsxText(node) && isWord(node.text)) bare.push(`${path}: ${node.text.trim()}`);
        if (ts.isJsxAttribute(node) && /^(aria-label|title|label|placeholder|alt|toggleText|titleText|text)$/.test(node.name.getText()) && node.initializer && ts.isStringLiteral(node.initializer) && isWord(node.initializer.text)) {
          bare.push(`${path}: ${node.initializer.text}`);
        }
      });
    }
    expect(bare).toEqual([]);
  });
});
