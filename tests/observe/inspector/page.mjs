// Has MCP Inspector connect to an MCP server from its page in Chromium, lets the page log in, and lists the tools:
//   node page.mjs MCP_URL HOME
// HOME is where Inspector keeps what it knows. The authorization server has to agree without a person. Prints the names
// of the tools as JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const [url, home] = process.argv.slice(2);
const launcher = 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js';
const program = fileURLToPath(new URL(launcher, import.meta.url));
const inspector = spawn('node', [program, '--web', '--server-url', url, '--transport', 'http'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: {
    ...process.env,
    HOME: home,
    MCP_STORAGE_DIR: home,
    MCP_AUTO_OPEN_ENABLED: 'false',
    MCP_INSPECTOR_SECRET_STORE: 'memory',
    DANGEROUSLY_OMIT_AUTH: 'true',
  },
});

const said = [];
let browser;

async function end(code, reason) {
  if (code !== 0) console.error(reason, said.join('\n'));
  await browser?.close();
  inspector.kill();
  process.exit(code);
}

setTimeout(() => end(1, 'it took too long'), 90_000).unref();
inspector.on('exit', (code) => end(1, `it ended with ${code}`));
inspector.stderr.on('data', (data) => said.push(String(data)));
const place = await new Promise((found) => {
  createInterface({ input: inspector.stdout }).on('line', (line) => {
    said.push(line);
    const [page] = line.match(/http:\/\/127\.0\.0\.1:\d+(?=\s*$)/) ?? [];
    if (page) found(page);
  });
});

try {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(place);
  await page.getByRole('switch').first().click({ force: true });
  const connected = page.getByText('Connected', { exact: true }).first();
  const failed = page.getByText('Failed', { exact: true }).first();
  await connected.or(failed).first().waitFor();
  const text = () => page.locator('body').innerText();
  if (await failed.isVisible()) throw new Error(await text());
  await page.getByText('Tools', { exact: true }).first().click();
  await page.getByText('echo').first().waitFor();
  const lines = (await text()).split('\n');
  // Each tool is told by its title and its name; the names alone have no capital.
  const tools = lines.slice(lines.indexOf('Paginated') + 1, lines.indexOf('Select a tool to view details'));
  console.log(JSON.stringify(tools.filter((line) => /^[a-z_]+$/.test(line))));
} catch (error) {
  await end(1, error);
}
inspector.removeAllListeners('exit');
await end(0);
