import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  // Without it the tests would run the half of Svelte that is made for servers.
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  build: {
    // The web views this runs in: WebKit of Linux and macOS, Chromium on Windows.
    target: ["safari17.5", "chrome123"],
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
  },
});
