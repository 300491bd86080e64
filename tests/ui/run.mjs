// Runs the browser tests. JUNIT_REPORT names a file for their results; what a person reads goes to the terminal.
import { createWriteStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { run } from "node:test";
import { junit, spec } from "node:test/reporters";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const names = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs"));
const tests = run({
  files: names.map((name) => folder + name),
  concurrency: Math.max(2, availableParallelism()),
});
tests.on("test:fail", () => (process.exitCode = 1));
tests.compose(new spec()).pipe(process.stdout);
if (process.env.JUNIT_REPORT) {
  tests.compose(junit).pipe(createWriteStream(process.env.JUNIT_REPORT));
}
