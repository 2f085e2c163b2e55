// The client for contracts with 64-bit integers, in a real browser. BUNDLE is the file with the client, CENTRIFUGO the
// address, TOKEN the caller's token.

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
    // The replies of the first round are batched, and then so are the requests.
    const texts = [];
    for (let time = 0; time < 2; time += 1) {
      const echoes = Array.from({ length: 100 }, (_, index) => rpc.call('demo.echo', { text: `ü ${index}` }));
      texts.push((await Promise.all(echoes)).every(({ text }, index) => text === `ü ${index}`));
    }
    await rpc.close();
    return [typeof info.big, String(info.big), slept.ms, error.code, ...texts, rpc.state];
  }, [CENTRIFUGO, TOKEN]);
  assert.deepEqual(seen, ['bigint', '18446744073709551615', 5, 400, true, true, 'closed']);
  console.log('ok exact');
} finally {
  await browser.close();
}
