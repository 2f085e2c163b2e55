// The client for contracts with 64-bit integers, in a real browser: BUNDLE has it, CENTRIFUGO and TOKEN are where it calls and as whom.

import assert from 'node:assert/strict';

import { launch } from './browser.mjs';

const { BUNDLE, CENTRIFUGO, TOKEN } = process.env;
const browser = await launch();

try {
  const page = await browser.newPage();
  await page.addScriptTag({ path: BUNDLE });
  const seen = await page.evaluate(async ([url, token]) => {
    const rpc = new client.CentrifugoRPCClient(url, token, '42');
    await rpc.connect();
    const { info } = await rpc.call('demo.whoami');
    const slept = await rpc.call('demo.sleep', { ms: 5n });
    const error = await rpc.call('demo.fail', { code: 2n ** 64n - 1n, message: 'x' }).catch((reason) => reason);
    await rpc.close();
    return [typeof info.big, String(info.big), slept.ms, error.code, rpc.state];
  }, [CENTRIFUGO, TOKEN]);
  assert.deepEqual(seen, ['bigint', '18446744073709551615', 5, 400, 'closed']);
  console.log('ok exact');
} finally {
  await browser.close();
}
