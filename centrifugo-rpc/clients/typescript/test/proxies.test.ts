import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { produce } from 'immer';
import { proxy } from 'valtio/vanilla';
import { isReactive, reactive, ref, shallowReactive } from 'vue';

import type { CentrifugoRPCClient } from '../src/index.js';
import { bindMethods } from '../src/bind.js';
import { Centrifugo } from './harness.js';

let centrifugo: Centrifugo;
before(async () => {
  centrifugo = await Centrifugo.start();
});
after(() => centrifugo.stop());

/** Has the form of generated clients. */
class APIClient {
  _rpc: CentrifugoRPCClient;

  constructor(rpc: CentrifugoRPCClient) {
    this._rpc = rpc;
    bindMethods(this, APIClient.prototype);
  }

  ab(): Promise<unknown> {
    return this._rpc.call('a.b');
  }
}

const wrappings: { [name: string]: (client: CentrifugoRPCClient) => CentrifugoRPCClient } = {
  'a Proxy': (client) => new Proxy(client, {}),
  'a Proxy of Proxies': (client) => deep(client),
  "Vue's ref": (client) => ref({ client }).value.client,
  "Vue's reactive": (client) => reactive(client),
  "Vue's reactive that is not told to skip it": (client) => {
    Object.defineProperty(client, '__v_skip', { value: false });
    const wrapped = reactive(client);
    assert.ok(isReactive(wrapped));
    return wrapped;
  },
  "Vue's shallowReactive": (client) => shallowReactive({ client }).client,
  "Immer's draft": (client) => {
    let drafted = client;
    produce({ client }, (draft) => {
      drafted = draft.client as CentrifugoRPCClient;
    });
    return drafted;
  },
  "what Immer freezes": (client) => produce({ client: undefined as CentrifugoRPCClient | undefined }, (draft) => void (draft.client = client)).client ?? client,
  "Valtio's proxy": (client) => proxy({ client }).client,
  'what is frozen': (client) => Object.freeze(client),
};

/** Wraps an object deeply, like libraries that wrap everything they return. */
function deep<T extends object>(target: T): T {
  return new Proxy(target, {
    get(of, name, receiver) {
      const value: unknown = Reflect.get(of, name, receiver);
      return typeof value === 'object' && value !== null && !(value instanceof Promise) ? deep(value) : value;
    },
  });
}

for (const [name, wrap] of Object.entries(wrappings)) {
  test(`a client works behind ${name}, and its methods without it`, async (t) => {
    await centrifugo.worker(t, ({ method }) => method ?? null);
    const client = wrap(centrifugo.client('42'));
    const states: string[] = [];
    client.onState((state) => states.push(state));
    await client.connect();
    assert.equal(await client.call('a.a'), 'a.a');
    assert.equal(await new APIClient(client).ab(), 'a.b');
    assert.equal(await deep(new APIClient(client)).ab(), 'a.b');
    const { ab } = new APIClient(client);
    assert.equal(await ab(), 'a.b');
    await client.notify('a.c');
    assert.deepEqual([client.state, client.pendingCalls, client.endReason], ['connected', 0, undefined]);
    const { close } = client;
    await close();
    assert.deepEqual(states, ['connecting', 'connected', 'closed']);
  });
}

test('neither the token nor anything else that is inside a client is in what is logged or serialized of it', () => {
  const client = centrifugo.client('42', { token: centrifugo.token('42') });
  assert.deepEqual(JSON.parse(JSON.stringify(client)), { user: '42' });
});

test('methods of a client may be passed on, also those of a subclass', async (t) => {
  await centrifugo.worker(t, ({ params }) => params ?? null);
  const client = await centrifugo.connected('42');
  /** Has a method of its own, and one that replaces the inherited one. */
  class Doubling extends APIClient {
    override async ab(): Promise<unknown> {
      return [await super.ab(), 'again'];
    }

    twice(): Promise<unknown[]> {
      return Promise.all([this.ab(), this.ab()]);
    }
  }
  const { ab } = new Doubling(client);
  assert.deepEqual(await ab(), [null, 'again']);
  assert.deepEqual(await new Doubling(client).twice(), [[null, 'again'], [null, 'again']]);
  const { call, onState } = client;
  assert.deepEqual(await Promise.all(['x', 'y'].map((params) => call('a.b', params))), ['x', 'y']);
  onState(() => undefined)();
  assert.deepEqual(Object.keys(new APIClient(client)), ['_rpc']);
});
