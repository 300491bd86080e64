import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), ...(mode === "production" ? [withoutFake()] : [])],
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
}));

/** Fails a release build that contains the fake host or its fixtures. */
function withoutFake(): Plugin {
  return {
    name: "without-fake",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        const fake = chunk.moduleIds.find((id) =>
          /src\/host\/(fake\.ts|play\.ts|recorded\.ts|fixtures\/)/.test(id),
        );
        if (fake)
          this.error(`${chunk.fileName} contains ${fake}, which is for development and tests`);
      }
    },
  };
}
