// Starts the lab and lets the SDK's client run through it, once for each era and for each way in which a token
// can end early:
//   node check.mjs LAB_COMMAND...
// The command is one that takes --misbehave and prints a JSON line with the lab's URLs, such as
// `target/debug/examples/lab` or `target/debug/authscope-cli lab`. Exits 0 when every run went well.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const [command, ...commandArguments] = process.argv.slice(2);
const client = fileURLToPath(new URL('client.mjs', import.meta.url));
const run = promisify(execFile);

for (const misbehaviour of ['healthy', 'token_expires_early', 'refresh_token_rejected']) {
  for (const era of ['modern', 'auto', 'legacy', 'v1']) {
    const extra = misbehaviour === 'healthy' ? [] : ['--misbehave', misbehaviour];
    const lab = spawn(command, [...commandArguments, ...extra], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = await once(createInterface(lab.stdout), 'line');
      const { stdout } = await run('node', [client, JSON.parse(line).mcp, '--era', era], { timeout: 60_000 });
      const { authorizations, refreshes, requests } = JSON.parse(stdout);
      console.log(
        `${misbehaviour} ${era}: ${authorizations} authorizations, ${refreshes} refreshes, ${requests.length} requests`,
      );
    } catch (error) {
      console.error(`${misbehaviour} ${era}: ${error.stderr ?? error}`);
      process.exitCode = 1;
    } finally {
      lab.kill();
    }
  }
}
