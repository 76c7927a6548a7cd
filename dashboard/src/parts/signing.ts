import type { QueryClient } from "@tanstack/react-query";
import { api, told } from "../api/client";
import { tellSession } from "../api/session";

/** End this session, or all of this person's. Throws `Problem`: what did not end is not said to have. */
export async function signOut(client: QueryClient, how: "logout" | "logout-everywhere"): Promise<void> {
  await told(how === "logout" ? api.POST("/api/auth/logout") : api.POST("/api/auth/logout-everywhere"));
  client.clear();
  tellSession(true);
}
