// The connection, apart from the reply channel: other subscriptions on the same connection.

import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';

import { Connection, type Subscription } from '../src/connection.js';
import { read } from '../src/sdk.js';
import { Centrifugo, failure, until } from './harness.js';

let centrifugo: Centrifugo;
before(async () => {
  centrifugo = await Centrifugo.start();
});
after(() => centrifugo.stop());

/** A subscription that records its events. */
function subscribed(connection: Connection, channel: string): { subscription: Subscription; data: unknown[]; events: string[] } {
  const [data, events]: [unknown[], string[]] = [[], []];
  const subscription = connection.subscribe(channel, {
    onSubscribed: ({ isComplete, position }) => events.push(`subscribed ${isComplete} ${position?.offset}`),
    onInterrupted: () => events.push('interrupted'),
    onData: (published) => data.push(read(published)),
    onTrouble: (reason) => events.push(`trouble ${reason}`),
    onEnd: (code, reason) => events.push(`ended ${code} ${reason}`),
  });
  return { subscription, data, events };
}

test('a connection carries other subscriptions beside its reply channel', async (t) => {
  const opened = mock.method(Connection.prototype, 'open');
  t.after(() => opened.mock.restore());
  const worker = await centrifugo.worker(t, ({ params }) => (params === 'later' ? undefined : (params ?? null)));
  const client = await centrifugo.connected('42');
  const connection = opened.mock.calls[0]?.this as Connection;
  const publish = (channel: string, data: number): Promise<void> => centrifugo.api('publish', { channel, data });

  const [one, other] = [subscribed(connection, 'live:one'), subscribed(connection, 'live:other')];
  await until(() => one.events.length + other.events.length === 2);
  assert.deepEqual([one.events, other.events], [['subscribed true 0'], ['subscribed true 0']]);
  await Promise.all([publish('live:one', 1), client.call('a.b', 'at the same time'), publish('live:other', 1)]);
  await until(() => one.data.length + other.data.length === 2);

  // Publications of the time of the reconnect are recovered, and so is the reply.
  const call = client.call('a.b', 'later');
  const request = await worker.request(1);
  await centrifugo.disconnect('42', 3010, 'test');
  await publish('live:one', 2);
  await worker.result(request, 'across the reconnect');
  assert.equal(await call, 'across the reconnect');
  await until(() => one.data.length === 2 && other.events.length === 3);
  assert.deepEqual([one.data, other.data], [[1, 2], [1]]);
  assert.deepEqual(one.events, ['subscribed true 0', 'interrupted', 'subscribed true 1']);

  // Closed by itself: nothing else changes, and the channel may be subscribed again.
  one.subscription.close();
  await publish('live:one', 3);
  const again = subscribed(connection, 'live:one');
  await until(() => again.events.length === 1);
  await publish('live:one', 4);
  await until(() => again.data.length === 1);
  assert.deepEqual([one.data, one.events.length, again.data], [[1, 2], 3, [4]]);
  assert.equal(await client.call('a.b', 'after the end of another subscription'), 'after the end of another subscription');

  // Ended by Centrifugo: only this one.
  await centrifugo.api('unsubscribe', { user: '42', channel: 'live:other' });
  await until(() => other.events.length === 4);
  assert.match(other.events[3] ?? '', /^ended 2000 /);
  const refused = subscribed(connection, 'unknown:channel');
  await until(() => refused.events.length === 1);
  assert.match(refused.events[0] ?? '', /^ended 102 /);
  assert.deepEqual([client.state, await client.call('a.b', 'still')], ['connected', 'still']);

  await client.close();
  await publish('live:one', 5);
  assert.match(String(await failure(client.call('a.b'))), /the client is closed/);
  assert.deepEqual([again.data, again.events], [[4], ['subscribed true 3']]);
  assert.equal(worker.requests.length, 4);
});
