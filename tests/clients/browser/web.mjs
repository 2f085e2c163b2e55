// Drives the page of `cargo run --example web` in a real browser. PAGE is its address, SCREENSHOTS the directory for pictures.

import assert from 'node:assert/strict';

import { launch } from './browser.mjs';

const { PAGE, SCREENSHOTS } = process.env;
const browser = await launch();

try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  const row = (text) => page.locator('#log li', { hasText: text }).first();
  const wait = (selector, text) => page.locator(selector, { hasText: text }).waitFor();

  await page.goto(PAGE);
  await wait('#state', 'connected');
  await wait('#contract', 'is the one this page was built for');

  await page.click('#stats button');
  await wait('#stats-result', '75 of 100 tasks are completed');
  await page.fill('#echo input', 'żółć <b>&amp;</b> 🦀');
  await page.click('#echo button');
  await wait('#echo-result', 'żółć <b>&amp;</b> 🦀');
  console.log('ok results');

  await page.click('button[name=whoami]');
  await row('"user":"alice","client":').waitFor();
  await page.click('button[name=admin]');
  await row('only administrators may do this').waitFor();
  await page.click('button[name=fail]');
  await page.locator('#log li[data-kind=error]', { hasText: 'there is no such task' }).locator('.badge', { hasText: '1404' }).waitFor();
  await page.click('button[name=panic]');
  await row('internal error').waitFor();
  await page.click('button[name=encode]');
  await row('expected a string, got a number').waitFor();
  console.log('ok errors');

  await page.locator('#sleep input').fill('10000');
  await page.click('#sleep button:not(.quiet)');
  await row('demo.sleep({"ms":10000})').waitFor();
  await page.click('#cancel');
  await row('the worker was told to stop').waitFor();
  console.log('ok cancel');

  // One call is in flight when the connection breaks, and others are made while it is down.
  await page.evaluate(() => {
    window.states = [];
    const badge = document.getElementById('state');
    new MutationObserver(() => window.states.push(badge.dataset.state)).observe(badge, { attributes: true });
  });
  await page.locator('#sleep input').fill('1500');
  await page.click('#sleep button:not(.quiet)');
  await row('demo.sleep({"ms":1500})').waitFor();
  await page.click('#drop');
  await page.waitForFunction(() => window.states.includes('connecting'));
  await page.screenshot({ path: `${SCREENSHOTS}/reconnecting.png` });
  await page.click('#burst');
  await wait('#pending', /^0$/);
  await page.waitForFunction(() => window.states.at(-1) === 'connected');
  const slept = page.locator('#log li[data-kind=ok]', { hasText: 'demo.sleep({"ms":1500})' });
  const echoed = page.locator('#log li[data-kind=ok]', { hasText: /call \d+ of 100/ });
  assert.deepEqual([await slept.count(), await echoed.count()], [1, 100]);
  console.log('ok reconnect');

  await page.selectOption('#user', 'root');
  await wait('#state', 'connected');
  await page.click('button[name=admin]');
  await page.locator('#log li[data-kind=ok]', { hasText: 'demo.admin()' }).waitFor();
  await page.click('#toggle');
  await wait('#state', 'closed');
  await page.click('#stats button');
  await row('the client is closed').waitFor();
  await page.click('#toggle');
  await wait('#state', 'connected');
  await page.click('#stats button');
  await page.locator('#log li[data-kind=ok]', { hasText: 'tasks.get_stats' }).first().waitFor();
  console.log('ok users and closing');

  for (const name of ['whoami', 'fail', 'encode', 'panic', 'admin']) await page.click(`button[name=${name}]`);
  await wait('#pending', /^0$/);
  await page.screenshot({ path: `${SCREENSHOTS}/light.png` });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: `${SCREENSHOTS}/dark.png` });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out on a phone');
  await page.screenshot({ path: `${SCREENSHOTS}/phone.png` });
  assert.deepEqual(problems, [], 'the console is clean');
  console.log('ok looks');
} finally {
  await browser.close();
}
