import { describe, expect, it } from "vitest";
import { ownPath } from "../screens/SignIn";
import { isHttps, isOfDomain } from "./links";

describe("links", () => {
  it("links previews of their own domain by https only", () => {
    const domain = "int.preview.example.com";
    expect(isOfDomain("https://rtb-1.int.preview.example.com/", domain)).toBe(true);
    for (const address of [
      "http://rtb-1.int.preview.example.com/", "https://int.preview.example.com.evil.example/", "https://evil-int.preview.example.com/",
      "javascript:alert(1)//.int.preview.example.com", "https://a@rtb-1.int.preview.example.com/", "https://evil.example/?.int.preview.example.com", "", "rtb-1",
      "data:text/html,x", "//rtb-1.int.preview.example.com",
    ]) expect(isOfDomain(address, domain), address).toBe(false);
    expect(isOfDomain("https://x/", "")).toBe(false);
  });

  it("links other sites by https only", () => {
    expect(isHttps("https://github.com/a/b/pull/1")).toBe(true);
    for (const address of ["http://github.com", "javascript:alert(1)", "file:///etc/passwd", null, undefined, "pull/1"]) expect(isHttps(address)).toBe(false);
  });

  it("goes on after sign-in to paths of this site only", () => {
    expect(ownPath("/start?env=int")).toBe("/start?env=int");
    for (const path of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", null, "", "/\t/evil.example"]) {
      expect(new URL(ownPath(path), window.location.origin).origin).toBe(window.location.origin);
    }
  });
});
