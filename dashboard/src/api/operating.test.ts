import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { readAnew } from "./operating";

/** What is read anew of a list of revision a, once it is told that the repository is at `now`. */
async function anew(now?: string): Promise<boolean[]> {
  const client = new QueryClient();
  const keys = [["previews", {}], ["operations", ""], ["statistics", 30]];
  client.setQueryData(keys[0]!, { pages: [{ revision: "a" }], pageParams: [""] });
  client.setQueryData(keys[1]!, { pages: [{ rows: [] }], pageParams: [""] });
  client.setQueryData(keys[2]!, { revision: "0" });
  await readAnew(client, now);
  const found = keys.map((key) => client.getQueryState(key)?.isInvalidated ?? false);
  if (now !== undefined) {
    client.setQueryData(keys[0]!, { pages: [{ revision: now }], pageParams: [""] });
    await readAnew(client, now);
    expect(client.getQueryState(keys[0]!)?.isInvalidated, "once").toBe(false);
  }
  return found;
}

it("has all about previews read anew where anything is of another revision, else nothing", async () => {
  expect(await anew("a")).toEqual([false, false, false]);
  expect(await anew("b")).toEqual([true, true, false]);
  expect(await anew()).toEqual([true, true, false]);
});
