// A caller written from docs/protocol.md alone: the official SDK, and nothing of this project.
//
//     node caller.mjs SCENARIO '{"url": …, "tokens": {"42": …}}'
//
// runs one of the scenarios below and prints a line for everything it saw. What goes wrong ends it with an exit code.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

const settings = JSON.parse(process.argv[3]);

class Caller {
  static async connect(user) {
    const caller = new Caller();
    caller.pending = new Map();
    caller.strays = 0;
    caller.replyTo = `reply:${randomUUID()}#${user}`;
    caller.centrifuge = new Centrifuge(settings.url, { token: settings.tokens[user], websocket: WebSocket });
    const replies = caller.subscribe();
    caller.centrifuge.connect();
    await replies.ready();
    return caller;
  }

  subscribe(since) {
    const replies = this.centrifuge.newSubscription(this.replyTo, { since });
    let readsAgain = since !== undefined;
    replies.on('subscribed', ({ wasRecovering, recovered, streamPosition }) => {
      if (wasRecovering && !recovered && !readsAgain) {
        this.centrifuge.removeSubscription(replies);
        this.subscribe({ ...streamPosition, offset: Math.max(0, streamPosition.offset - 128) });
      }
      readsAgain = false;
    });
    replies.on('publication', ({ data }) => {
      const answer = this.pending.get(data.correlation_id);
      if (answer === undefined) this.strays += 1;
      this.pending.delete(data.correlation_id);
      answer?.(data);
    });
    replies.subscribe();
    return replies;
  }

  // Publishes a request; its reply is awaited apart from that.
  async send(request) {
    const correlationId = randomUUID();
    const reply = new Promise((resolve, reject) => {
      this.pending.set(correlationId, resolve);
      setTimeout(() => reject(new Error(`no reply to ${JSON.stringify(request).slice(0, 200)}`)), 30_000).unref();
    });
    await this.publish({ correlation_id: correlationId, reply_to: this.replyTo, ...request });
    return { correlationId, reply };
  }

  publish(request) {
    return this.centrifuge.publish('rpc:requests', request);
  }

  async call(method, params, more) {
    const { reply } = await this.send({ method, params, ...more });
    return await reply;
  }

  async result(method, params, more) {
    const reply = await this.call(method, params, more);
    assert.ok('result' in reply, `${method} answered ${JSON.stringify(reply)}`);
    return reply.result;
  }

  async error(method, params, more) {
    const reply = await this.call(method, params, more);
    assert.ok(reply.error, `${method} answered ${JSON.stringify(reply)}`);
    assert.deepEqual(Object.keys(reply).sort(), ['correlation_id', 'error']);
    return reply.error;
  }

  close() {
    assert.equal(this.pending.size, 0, 'every call got its reply');
    assert.equal(this.strays, 0, 'no reply came twice or to a stranger');
    this.centrifuge.disconnect();
  }
}

// Publishes bytes that are no text, as strings of a JSON object, and returns what Centrifugo said to each.
async function publishBytes(token, count) {
  const socket = new WebSocket(settings.url);
  await once(socket, 'open');
  const answers = [];
  for (let id = 1; id <= count + 1; id += 1) {
    const command = id === 1 ? { connect: { token } } : { publish: { channel: 'rpc:requests', data: { method: 'ÿ' } } };
    socket.send(Buffer.from(JSON.stringify({ id, ...command }), 'latin1'), { binary: false });
    const [answer] = await once(socket, 'message');
    answers.push(JSON.parse(answer));
  }
  socket.close();
  return answers.slice(1);
}

function saw(what) {
  console.log(what);
}

const scenarios = {
  // The demo's methods, and what they answer.
  async results() {
    const caller = await Caller.connect('42');
    assert.deepEqual(await caller.result('tasks.get_stats', { user_id: '123' }), { total: 100, completed: 75 });
    for (const text of ['', 'hello', 'Grüße, 世界 👋 \u0000 \u2028 "\\', 'x'.repeat(50_000)]) {
      assert.deepEqual(await caller.result('demo.echo', { text }), { text });
    }
    const me = await caller.result('demo.whoami', {});
    assert.equal(me.user, '42');
    assert.match(me.client, /^[0-9a-f-]{36}$/);
    assert.deepEqual(me.info, { role: 'reader' });
    for (const params of [undefined, null, {}]) {
      assert.equal((await caller.result('demo.whoami', params)).user, '42');
    }
    assert.deepEqual(await caller.result('demo.sleep', { ms: 1 }), { ms: 1 });
    assert.deepEqual(await caller.result('demo.append', { key: 'called' }), {});
    assert.deepEqual(await caller.result('demo.append_idempotent', { key: 'called again' }), {});
    assert.equal(await caller.result('demo.notify', { key: 'called with an address' }), null);
    await caller.publish({ method: 'demo.notify', params: { key: 'notified' } });
    await caller.result('tasks.get_stats', { user_id: '1' }, { unknown: [{}], traceparent: 'not one' });
    caller.close();
    const admin = await Caller.connect('admin');
    assert.deepEqual(await admin.result('demo.admin', {}), {});
    admin.close();
    saw('results');
  },

  // Every code that a running worker answers.
  async errors() {
    const caller = await Caller.connect('42');
    const codes = [
      [400, 'tasks.get_stats', {}, /invalid params: missing field `user_id`/],
      [400, 'tasks.get_stats', undefined, /missing field `user_id`/],
      [400, 'demo.sleep', { ms: 'soon' }, /^invalid params: ms: invalid type/],
      [400, 'demo.sleep', [[[1]]], /^invalid params: /],
      [400, 'demo.whoami', 'text', /^invalid params: /],
      [400, 'demo.fail', { code: 5, message: '' }, /1000 to 1999/],
      [403, 'demo.admin', {}, /administrators/],
      [404, 'demo.nothing', {}, /no such method: `demo.nothing`/],
      [404, 'x'.repeat(60_000), {}, /no such method: `x{128}…`/],
      [413, 'demo.echo', { text: 'x'.repeat(60_000) }, /limit is 60000/],
      [500, 'demo.panic', {}, /^internal error$/],
      [1007, 'demo.fail', { code: 1007, message: 'as asked' }, /^as asked$/],
    ];
    for (const [code, method, params, message] of codes) {
      const error = await caller.error(method, params);
      assert.equal(error.code, code, `${method}: ${JSON.stringify(error)}`);
      assert.match(error.message, message);
      assert.ok(error.message.length < 500, 'the input is not echoed');
      saw(`error ${code}`);
    }
    const started = Date.now();
    assert.equal((await caller.error('demo.sleep', { ms: 20_000 }, { timeout_ms: 200 })).code, 408);
    assert.ok(Date.now() - started < 10_000, 'the deadline ended it, not the handler');
    saw('error 408');
    const { correlationId, reply } = await caller.send({ method: 'demo.sleep', params: { ms: 20_000 } });
    await caller.publish({ cancel: correlationId, reply_to: caller.replyTo });
    assert.equal((await reply).error.code, 499);
    saw('error 499');
    const busy = await Promise.all([1, 2, 3].map(() => caller.send({ method: 'demo.sleep', params: { ms: 20_000 } })));
    assert.equal((await caller.error('demo.sleep', { ms: 1 })).code, 429);
    saw('error 429');
    for (const call of busy) await caller.publish({ cancel: call.correlationId, reply_to: caller.replyTo });
    for (const call of busy) assert.equal((await call.reply).error.code, 499);
    caller.close();
    const anonymous = await Caller.connect('');
    assert.equal((await anonymous.result('demo.whoami', {})).user, '');
    assert.equal((await anonymous.error('demo.admin', {})).code, 401);
    saw('error 401');
    anonymous.close();
  },

  // 2,000 calls at once, on two connections of one user, each with a result of its own.
  async concurrent() {
    const callers = await Promise.all([Caller.connect('42'), Caller.connect('42')]);
    const calls = Array.from({ length: 2000 }, (_, i) => callers[i % 2].result('demo.echo', { text: `call ${i}` }));
    (await Promise.all(calls)).forEach((result, i) => assert.deepEqual(result, { text: `call ${i}` }));
    callers.forEach((caller) => caller.close());
    saw('2000 results');
  },

  // 50 fast calls finish while a slow one runs.
  async fast_beside_slow() {
    const caller = await Caller.connect('42');
    const slow = await caller.send({ method: 'demo.sleep', params: { ms: 2000 } });
    let slowIsDone = false;
    const slowReply = slow.reply.then((reply) => {
      slowIsDone = true;
      return reply;
    });
    const fast = Array.from({ length: 50 }, (_, i) => caller.result('demo.echo', { text: `${i}` }));
    await Promise.all(fast);
    assert.equal(slowIsDone, false, 'the fast calls did not wait for the slow one');
    assert.deepEqual((await slowReply).result, { ms: 2000 });
    caller.close();
    saw('50 fast results');
  },

  // One user cannot reach another one's calls or replies, whatever it writes.
  async forgeries() {
    const victim = await Caller.connect('42');
    const attacker = await Caller.connect('43');
    const running = await victim.send({ method: 'demo.sleep', params: { ms: 1500 } });
    const forged = [
      { method: 'demo.append', correlation_id: randomUUID(), reply_to: victim.replyTo, params: { key: 'forged' } },
      { method: 'demo.append', correlation_id: randomUUID(), reply_to: 'rpc:requests', params: { key: 'forged' } },
      { method: 'demo.append', correlation_id: randomUUID(), reply_to: attacker.replyTo.replace('#43', '#42,43'), params: { key: 'forged' } },
      { method: 'demo.append', correlation_id: randomUUID(), reply_to: attacker.replyTo.replace('#43', '#'), params: { key: 'forged' } },
      { cancel: running.correlationId, reply_to: victim.replyTo },
      { cancel: running.correlationId, reply_to: attacker.replyTo },
      { group: { view: { members: ['attacker'], prev: 0 } } },
      { group: { genesis: true }, method: 5, reply_to: victim.replyTo },
    ];
    for (const request of forged) await attacker.publish(request);
    assert.deepEqual((await running.reply).result, { ms: 1500 }, 'no forged cancel ended the call');
    assert.deepEqual(await attacker.result('demo.echo', { text: 'still here' }), { text: 'still here' });
    victim.close();
    attacker.close();
    saw('forgeries had no effect');
  },

  // A thousand publications that are no requests; the worker answers afterwards, and where it can.
  async garbage() {
    const caller = await Caller.connect('42');
    const deep = (n) => JSON.parse(`${'['.repeat(n)}1${']'.repeat(n)}`);
    const kinds = [
      (i) => i,
      () => false,
      () => 'text',
      () => [],
      () => ({}),
      () => deep(1000),
      () => ({ method: 'x'.repeat(60_000) }),
      () => ({ correlation_id: 'x'.repeat(60_000), reply_to: caller.replyTo, method: 'demo.echo' }),
      () => ({ correlation_id: 7, reply_to: caller.replyTo, method: 'demo.echo' }),
      () => ({ correlation_id: randomUUID(), reply_to: [], method: 'demo.echo' }),
      () => ({ cancel: {}, reply_to: caller.replyTo }),
      () => ({ method: 'demo.panic' }),
      () => ({ params: deep(1000) }),
    ];
    for (let i = 0; i < 1000; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => caller.publish(kinds[(i + j) % kinds.length](i + j))));
    }
    for (const answer of await publishBytes(settings.tokens['42'], 20)) {
      assert.ok(answer.publish, JSON.stringify(answer));
    }
    for (const request of [
      { method: 5 },
      { method: null },
      { method: 'demo.echo', timeout_ms: -1 },
      { method: 'demo.echo', timeout_ms: 'long' },
      { method: 'demo.echo', params: deep(1000) },
      { method: { deep: deep(1000) } },
    ]) {
      const { reply } = await caller.send(request);
      assert.equal((await reply).error?.code, 400, JSON.stringify(request).slice(0, 100));
    }
    assert.deepEqual(await caller.result('demo.echo', { text: 'alive' }), { text: 'alive' });
    caller.close();
    saw('alive after 1000 garbage publications');
  },

  // Calls that are answered into a new stream, because Centrifugo lost its memory, while their caller is away.
  async restarted() {
    const caller = await Caller.connect('42');
    const calls = await Promise.all(
      Array.from({ length: 20 }, (_, i) => caller.send({ method: 'demo.sleep', params: { ms: 2000 + i } })),
    );
    saw(`the replies come through ${caller.replyTo}`);
    for (const [i, { reply }] of calls.entries()) assert.deepEqual((await reply).result, { ms: 2000 + i });
    assert.deepEqual(await caller.result('demo.echo', { text: 'next' }), { text: 'next' });
    saw('20 results');
    caller.close();
  },

  // Calls of a worker that stops meanwhile: running ones finish, new ones are refused, those that take too long are lost.
  async stopping() {
    const caller = await Caller.connect('42');
    const brief = await caller.send({ method: 'demo.sleep', params: { ms: 1500 } });
    const endless = await caller.send({ method: 'demo.sleep', params: { ms: 20_000 } });
    saw('calls are running');
    // Until the worker has left: what it does not run waits for the next one.
    let waiting;
    for (let answered = true; answered; ) {
      waiting = await caller.send({ method: 'demo.echo', params: { text: 'new' } });
      answered = await Promise.race([waiting.reply, new Promise((resolve) => setTimeout(resolve, 500))]);
    }
    saw('a call waits');
    assert.deepEqual((await brief.reply).result, { ms: 1500 });
    saw('the running call finished');
    assert.equal((await endless.reply).error.code, 504);
    saw('error 504');
    assert.deepEqual((await waiting.reply).result, { text: 'new' });
    saw('the next worker answered');
    caller.close();
  },
};

await scenarios[process.argv[2]]();
