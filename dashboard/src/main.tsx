import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import "@patternfly/react-core/dist/styles/base.css";
import "./app.css";
import { asProblem } from "./api/problem";
import { App } from "./app";
import { followTheme } from "./parts/theme";
import { SayProvider } from "./parts/Say";
import { beginWords } from "./text/language";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream tells what changed; a tab that comes back reads anew. Nothing is asked for by the clock.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => asProblem(error).isPassing && asProblem(error).status !== 429 && count < 2,
      retryDelay: (count) => 500 * 2 ** count,
    },
  },
});

followTheme();
await beginWords();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <SayProvider>
        <BrowserRouter>
          <App />
        </BrowserRouter>
      </SayProvider>
    </QueryClientProvider>
  </StrictMode>,
);
