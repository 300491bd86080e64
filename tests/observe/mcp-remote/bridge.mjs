// Has mcp-remote connect to an MCP server, goes through the login in place of a person, and lists the tools:
//   node bridge.mjs MCP_URL HOME
// HOME is where mcp-remote keeps what it knows. Prints the names of the tools as JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const [url, home] = process.argv.slice(2);
const program = fileURLToPath(new URL('node_modules/mcp-remote/dist/proxy.js', import.meta.url));
const bridge = spawn('node', [program, url, '--allow-http'], {
  stdio: ['pipe', 'pipe', 'pipe'],
  // No browser is to open: the login is done here.
  env: { ...process.env, HOME: home, MCP_REMOTE_CONFIG_DIR: home, PATH: process.env.PATH, DISPLAY: '', BROWSER: 'true' },
});

const said = [];
let visited = false;
createInterface({ input: bridge.stderr }).on('line', (line) => {
  said.push(line);
  const target = line.match(/https?:\/\/\S+\/authorize\?\S+/)?.[0];
  if (!target || visited) return;
  visited = true;
  approve(target).catch(fail);
});

const answers = new Map();
createInterface({ input: bridge.stdout }).on('line', (line) => {
  const message = JSON.parse(line);
  answers.get(message.id)?.(message);
});

function fail(reason) {
  console.error(reason, said.join('\n'));
  bridge.kill();
  process.exit(1);
}

function ask(id, method, params) {
  const answered = new Promise((done) => answers.set(id, done));
  bridge.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  return answered;
}

// What a browser and a person would do: follow redirects, send the form with the values it came with.
async function approve(target) {
  let response = await fetch(target);
  const page = await response.text();
  const action = page.match(/<form[^>]*action="([^"]*)"/)?.[1];
  if (!action) throw new Error(`no form at ${response.url}: ${page.slice(0, 300)}`);
  const form = new URLSearchParams();
  for (const [input] of page.matchAll(/<input[^>]*>/g)) {
    form.append(input.match(/name="([^"]*)"/)[1], input.match(/value="([^"]*)"/)[1]);
  }
  response = await fetch(new URL(action, response.url), { method: 'POST', body: form });
  await response.text();
}

setTimeout(() => fail('it took too long'), 60_000).unref();
bridge.on('exit', (code) => fail(`it ended with ${code}`));
const info = { name: 'bridge', version: '1' };
const hello = await ask(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: info });
if (hello.error) fail(JSON.stringify(hello));
bridge.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
const listed = await ask(2, 'tools/list', {});
if (!listed.result) fail(JSON.stringify(listed));
console.log(JSON.stringify(listed.result.tools.map((tool) => tool.name)));
bridge.removeAllListeners('exit');
bridge.kill();
process.exit(0);
