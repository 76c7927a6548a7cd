import { expect, it } from "vitest";
import { shortImage } from "./Preview";

it("leaves of a reference what tells one image from another", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  expect(shortImage(`111111111111.dkr.ecr.ap-northeast-2.amazonaws.com/team/web@${digest}`)).toBe("team/web@sha256:0123456789ab…");
  expect(shortImage(`localhost:5000/web@${digest}`)).toBe("web@sha256:0123456789ab…");
  expect(shortImage("team/web:1.2.3")).toBe("team/web:1.2.3");
});
