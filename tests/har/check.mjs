// Checks HAR files against the HAR 1.2 JSON schema.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// The packages are installed outside the source tree, where an import would not look for them.
const require = createRequire(join(process.env.HAR_TOOLS, "npm", "package.json"));
const validator = require("har-validator");

let failed = false;
for (const path of process.argv.slice(2)) {
  try {
    await validator.har(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    failed = true;
    console.error(`har-validator: ${path}: ${JSON.stringify(error.errors ?? error.message, null, 1)}`);
  }
}
process.exit(failed ? 1 : 0);
