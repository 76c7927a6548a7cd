import { expect, it } from "vitest";
import { deviceOf } from "./device";

it("names browser and system", () => {
  const of = (rest: string): string => deviceOf(`Mozilla/5.0 (${rest}`);
  expect(of("X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36")).toBe("Chrome 156 · Linux");
  expect(of("Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0")).toBe("Edge 140 · Windows");
  expect(of("iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1")).toBe("Safari 18 · iOS");
  expect(of("Linux; Android 15; SM-S938N) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36")).toBe("Samsung Internet 28 · Android");
  expect(of("Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0")).toBe("Firefox 143 · macOS");
});

it("shows what it does not know as it is, and not all of it", () => {
  expect(deviceOf("rtb-hub/0.1.0")).toBe("rtb-hub/0.1.0");
  expect(deviceOf("x".repeat(500))).toBe(`${"x".repeat(60)}…`);
  expect(deviceOf("")).toBe("");
});
