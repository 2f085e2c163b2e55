// Opens the programs of docs/frontend-guide.md in a real browser. BUNDLES is the directory of plain.js and app.js;
// SCENARIO_URL and SCENARIO_CONTROL are those of a scenario program.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import { launch } from './browser.mjs';

const { BUNDLES, SCENARIO_CONTROL, SCENARIO_URL } = process.env;

/** Whether `alice` is signed in, as the token endpoint sees it. */
let signedIn = true;

async function control(method, what) {
  const response = await fetch(`${SCENARIO_CONTROL}/${what}`, { method });
  assert.ok(response.ok, `${what}: ${response.status}`);
  return response.text();
}

/** Returns the response of the site for a path. */
async function answer(path) {
  switch (path) {
    case '/token':
      return signedIn ? { type: 'text/plain', body: await control('GET', 'token?user=alice&ttl=3') } : { status: 401 };
    case '/plain.js':
    case '/app.js':
      return { type: 'text/javascript', body: await readFile(`${BUNDLES}${path}`, 'utf8') };
    case '/plain':
    case '/app': {
      const elements = path === '/app' ? '<div id="root"></div>' : '<p id="state"></p><p id="stats"></p><p id="error"></p>';
      const body = `<body data-url="${SCENARIO_URL}" data-user="alice">${elements}<script type="module" src="${path}.js"></script>`;
      return { type: 'text/html; charset=utf-8', body };
    }
    default:
      return { status: 404 };
  }
}

const site = createServer(async (request, response) => {
  const { status = 200, type = 'text/plain', body = '' } = await answer(request.url);
  response.writeHead(status, { 'content-type': type }).end(body);
});
await once(site.listen(0, '127.0.0.1'), 'listening');
const at = (path) => `http://127.0.0.1:${site.address().port}${path}`;

const browser = await launch();

try {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => console.log(`browser: ${message.text()}`));
  const wait = (selector, text) => page.locator(selector, { hasText: text }).waitFor();

  await page.goto(at('/plain'));
  await wait('#state', /^connected$/);
  await wait('#stats', '75 of 100 tasks are completed');
  await wait('#error', '1404: there is no such task');
  console.log('ok plain');

  await page.goto(at('/app'));
  await wait('#state', /^connected$/);
  await wait('#stats', '75 of 100 tasks are completed');
  await page.click('#delete');
  await wait('[role=alert]', 'there is no such task');
  console.log('ok react');

  await control('POST', 'refuse');
  await wait('#state', /^connecting…$/);
  // The call waits for the connection.
  await page.click('#delete');
  await control('POST', 'accept');
  await wait('#state', /^connected$/);
  console.log('ok reconnect');

  // The token expires soon, and there is no new one.
  signedIn = false;
  await wait('#state', 'you are signed out');
  signedIn = true;
  await page.click('#state button');
  await wait('#state', /^connected$/);
  console.log('ok sign out');

  assert.deepEqual(problems, [], 'no error is left to the browser');
} finally {
  await browser.close();
  site.close();
}
