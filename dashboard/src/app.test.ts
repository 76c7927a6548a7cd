import { expect, it, vi } from "vitest";
import paths from "./paths.json";

vi.hoisted(() => {
  // jsdom has none
  window.matchMedia = (query: string) => Object.assign(new EventTarget(), { matches: false, media: query }) as MediaQueryList;
});

it("has a screen for each path that the server answers with the page", async () => {
  const { screens } = await import("./app");
  const routed = screens.map(([path]) => path).filter((path) => !path.startsWith("/preview/"));
  expect(routed.sort()).toEqual([...paths].sort());
});
