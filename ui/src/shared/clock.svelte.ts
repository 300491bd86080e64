import { createSubscriber } from "svelte/reactivity";

import type { Micros } from "./units";

const everySecond = createSubscriber((changed) => {
  const timer = setInterval(changed, 1_000);
  return () => clearInterval(timer);
});

/** The present. An effect that reads it runs again each second. */
export function now(): Micros {
  everySecond();
  return Date.now() * 1_000;
}
