import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";
import { slim } from "./slim";

/** `screens.json`: the paths that the server answers with the page, which are those of the router. */
function screens(): Plugin {
  return {
    name: "screens",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "screens.json", source: readFileSync("src/paths.json", "utf8") });
    },
  };
}

export default defineConfig({
  plugins: [react(), screens(), slim()],
  build: { target: "es2022", assetsInlineLimit: 0, cssCodeSplit: false, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  server: { port: 5173, proxy: { "/api": "http://127.0.0.1:3000" } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
