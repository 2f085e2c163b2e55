import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { type Outgoing, gather } from '../src/batcher.js';
import { CentrifugoRPCClient } from '../src/client.js';
import { Deadline, MAX_TIMEOUT_MS } from '../src/deadline.js';
import { ConfigError, RpcError } from '../src/errors.js';
import { checkUrl } from '../src/options.js';
import { Call } from '../src/pending.js';
import { publishRefusal, subscribeRefusal } from '../src/refusal.js';
import { tokenFlaw } from '../src/token.js';
import { decodeByEscapes, decodeUtf8, encodeByEscapes, encodeUtf8 } from '../src/utf8.js';
import { checkRandom, uuid } from '../src/uuid.js';
import { Request, cancel, publication, readReplies } from '../src/wire.js';

test('the caller waits a little longer than the worker', () => {
  const long = new Deadline(30_000, 1000);
  assert.deepEqual([long.at, long.giveUp, long.remainingMs(1000)], [31_000, 32_000, 30_000]);
  const middle = new Deadline(5000, 0);
  assert.equal(middle.giveUp, 5500);
  const short = new Deadline(200, 0);
  assert.deepEqual([short.giveUp, short.remainingMs(0.5), short.remainingMs(5000)], [450, 200, 1]);
  assert.equal(new Deadline(Infinity, 0).timeoutMs, MAX_TIMEOUT_MS);
});

test('UUIDs are random ones, and different', () => {
  const ids = Array.from({ length: 1000 }, uuid);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, ids.length);
});

test('where there is no source of randomness, the message says what to install', () => {
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
  try {
    assert.throws(checkRandom, (error) => error instanceof ConfigError && /`react-native-get-random-values`/.test(error.message));
  } finally {
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
  }
});

test('a client is made without random values, and has one reply channel', () => {
  const random = mock.method(crypto, 'getRandomValues');
  const client = new CentrifugoRPCClient('ws://127.0.0.1:1/', '', '42', { websocket: class {} });
  assert.equal(random.mock.callCount(), 0);
  const { replyChannel } = client;
  assert.match(replyChannel, /^reply:[0-9a-f-]{36}#42$/);
  assert.equal(client.replyChannel, replyChannel);
  random.mock.restore();
});

/** A `URL` like that of React Native 0.88: it keeps its text, validates nothing, and its members cannot be set. */
class PlainUrl {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text.includes('/', text.indexOf('://') + 3) ? text : `${text}/`;
  }

  get href(): string {
    return this.#text;
  }

  get hash(): string {
    return '';
  }

  get password(): string {
    return '';
  }

  get username(): string {
    return '';
  }
}

test('the URL is checked and shown without secrets, whatever `URL` there is', () => {
  const standard = globalThis.URL;
  for (const URL of [standard, PlainUrl]) {
    globalThis.URL = URL as typeof standard;
    try {
      for (const [given, shown] of [
        ['wss://rt.example.com/connection/websocket', 'wss://rt.example.com/connection/websocket'],
        ['ws://127.0.0.1:8000', 'ws://127.0.0.1:8000/'],
        ['ws://[::1]:8000/a', 'ws://[::1]:8000/a'],
        ['wss://me:secret@rt.example.com:8443/a/@b?token=secret#secret', 'wss://rt.example.com:8443/a/@b'],
      ] as const) {
        assert.equal(checkUrl(given), shown);
      }
      for (const wrong of ['', 'localhost', 'localhost:8000', 'http://localhost:8000/', '/connection/websocket', 'ws:', 'xws://a/']) {
        assert.throws(() => checkUrl(wrong), ConfigError, wrong);
      }
    } finally {
      globalThis.URL = standard;
    }
  }
});

test('UTF-8 is the same with and without the functions of the platform', () => {
  for (const text of ['', 'plain', '100 % ü', '\u0000\u007f\u0080\u07ff\u0800\uffff', '😀 𝄞 ½', 'x'.repeat(70_000)]) {
    const bytes = encodeUtf8(text);
    assert.deepEqual(encodeByEscapes(text), new Uint8Array(bytes));
    assert.deepEqual([decodeUtf8(bytes), decodeByEscapes(bytes)], [text, text]);
  }
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80]]) {
    const malformed = Uint8Array.from(bytes);
    assert.throws(() => decodeUtf8(malformed));
    assert.throws(() => decodeByEscapes(malformed));
  }
});

const unsigned = (claims: unknown): string => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

test('the user of a token is read where it can be', () => {
  assert.equal(tokenFlaw(unsigned({ sub: 'zoë?>' }), 'zoë?>'), undefined);
  assert.equal(tokenFlaw(unsigned({}), ''), undefined);
  assert.match(tokenFlaw(unsigned({ sub: '43' }), '42') ?? '', /"43".*"42"/);
  assert.match(tokenFlaw(unsigned({}), '42') ?? '', /""/);
  assert.match(tokenFlaw(unsigned({ sub: 42 }), '42') ?? '', /is 42, which is not a string/);
  for (const opaque of ['', 'x', 'a.b', 'a.b.c', 'a.-.c', unsigned(5), unsigned(null)]) {
    assert.equal(tokenFlaw(opaque, '42'), undefined, opaque);
  }
});

test('a token with more than the JWT is refused, without showing it', () => {
  const token = unsigned({ sub: '42' });
  for (const [given, strange] of [
    [`Bearer ${token}`, '"Bearer "'],
    [`bearer ${token}`, '"bearer "'],
    [`"${token}"`, '"\\""'],
    [` ${token}`, '" "'],
    [`${token} `, '" "'],
    [`\n${token}`, '"\\n"'],
    [token.replace('.', '.\n'), '"\\n"'],
    [`${token}=`, '"="'],
  ] as const) {
    const flaw = tokenFlaw(given, '42') ?? '';
    assert.ok(flaw.includes(`contains ${strange}, which no JWT contains`) && !flaw.includes('x.'), flaw);
  }
  // Centrifugo accepts these.
  for (const end of ['\n', '\r\n']) assert.equal(tokenFlaw(`${token}${end}`, '42'), undefined);
});

test('a time of a token that is not a number is refused, with its name', () => {
  for (const name of ['exp', 'nbf', 'iat']) {
    for (const wrong of ['2026-11-30T00:00:00Z', '1h', true, [1], {}]) {
      const flaw = tokenFlaw(unsigned({ sub: '42', [name]: wrong }), '42') ?? '';
      assert.ok(flaw.includes(`\`${name}\` is ${JSON.stringify(wrong)}, which is not a number`), flaw);
    }
    // Centrifugo reads these.
    for (const time of [1, 1.5, -1, null, '1900000000', '1.8e9']) assert.equal(tokenFlaw(unsigned({ sub: '42', [name]: time }), '42'), undefined);
  }
});

test('the rate limit of Centrifugo is an overload, other refusals are not answers', () => {
  const limited = publishRefusal('rpc:requests', '42', 111, 'too many requests');
  assert.ok(limited instanceof RpcError && limited.isRetryable);
  assert.equal(publishRefusal('rpc:requests', '42', 100, 'internal').name, 'ConnectionError');
  assert.match(subscribeRefusal('reply:x#42', '42', 2500, 'x').message, /connect it again/);
  assert.match(subscribeRefusal('reply:x#42', '42', 106, 'limit exceeded').message, /`client.channel_limit`/);
  assert.match(subscribeRefusal('reply:x#42', '42', 107, 'bad request').message, /`channel_regex`/);
  const user = 'x'.repeat(255);
  assert.match(subscribeRefusal(`reply:${user}#${user}`, user, 107, 'bad request').message, /`channel.max_length` to 517/);
  // Centrifugo counts bytes.
  const umlauts = 'ü'.repeat(125);
  const long = subscribeRefusal(`reply:${umlauts}#${umlauts}`, umlauts, 107, 'bad request');
  assert.match(long.message, /has 507 bytes, as the user ID has 250/);
  const expired = subscribeRefusal('reply:x#42', '42', 109, 'token expired');
  assert.ok(expired.kind === 'setup' && expired.message.includes('a token function'));
});

test('a reply without a result and without an error is the result of a method without one', () => {
  assert.deepEqual(readReplies({ correlation_id: 'x' }), [{ correlationId: 'x', answer: { result: null } }]);
  assert.deepEqual(readReplies({ correlation_id: 'x', error: null, result: 1 }), [{ correlationId: 'x', answer: { result: 1 } }]);
});

test('replies that come together are read each by itself', () => {
  const error = { code: 400, message: 'no' };
  const batch = [{ correlation_id: 'a', result: 1 }, { correlation_id: 7 }, { correlation_id: 'b', error }, { correlation_id: 'c' }];
  const [a, bad, b, c, ...more] = readReplies({ batch, correlation_id: 'beside', result: 2 });
  assert.deepEqual([a, bad, c, more], [
    { correlationId: 'a', answer: { result: 1 } },
    undefined,
    { correlationId: 'c', answer: { result: null } },
    [],
  ]);
  assert.deepEqual(b, { correlationId: 'b', answer: { error: new RpcError(400, 'no') } });
  assert.deepEqual(readReplies({ batch: [] }), []);
});

test('a batch that is no array is malformed, and so is one within a batch', () => {
  const reply = { correlation_id: 'a', result: 1 };
  for (const batch of [null, false, 0, '', 'text', {}, reply]) assert.deepEqual(readReplies({ ...reply, batch }), [undefined]);
  const nested = [{ batch: [reply] }, { ...reply, batch: [] }, { ...reply, batch: null }, [reply]];
  assert.deepEqual(readReplies({ batch: nested }), nested.map(() => undefined));
  assert.deepEqual(readReplies([reply]), [undefined]);
});

test('a caller that expects a reply can read several together, and says so', () => {
  const message = (expectsReply: boolean): unknown => {
    const address = expectsReply ? { correlationId: 'x', replyTo: 'reply:x#42' } : undefined;
    return JSON.parse(new Request('a.b', [1], undefined).message(1000, address));
  };
  assert.deepEqual(message(true), { method: 'a.b', correlation_id: 'x', reply_to: 'reply:x#42', batch: true, timeout_ms: 1000, params: [1] });
  assert.deepEqual(message(false), { method: 'a.b', timeout_ms: 1000, params: [1] });
  assert.deepEqual(JSON.parse(cancel({ correlationId: 'x', replyTo: 'reply:x#42' })), { cancel: 'x', reply_to: 'reply:x#42' });
});

/** Returns the sizes of the messages in each publication, for messages of these sizes. */
function gathered(sizes: readonly number[], messageSizeLimit = 65_536): number[][] {
  const call = new Call('a.b', 1000, true, {}, () => undefined);
  call.succeed(undefined);
  // Mostly characters of two bytes.
  const outgoing = sizes.map((size): Outgoing => ({ call, message: 'ü'.repeat(size / 2) + 'x'.repeat(size % 2) }));
  const publications = gather(outgoing, 'rpc:requests', messageSizeLimit);
  assert.deepEqual(publications.flat(), outgoing, 'each once, in their order');
  for (const together of publications) {
    const size = Buffer.byteLength(publication(together.map(({ message }) => message)));
    assert.ok(together.length === 1 || size <= Math.min(16_384, messageSizeLimit), `${size} bytes`);
  }
  return publications.map((together) => together.map(({ message }) => Buffer.byteLength(message)));
}

test('messages go together as long as their publication has at most 16 KiB', () => {
  // `{"batch":[` and `]}` take 12 bytes, and each comma one.
  assert.deepEqual(gathered([8000, 8371]), [[8000, 8371]]);
  assert.deepEqual(gathered([8000, 8372]), [[8000], [8372]]);
  assert.deepEqual(gathered([100, 100, 16_170]), [[100, 100, 16_170]]);
  assert.deepEqual(gathered([80, 80, 16_211]), [[80, 80], [16_211]]);
  // A short message counts as 92 bytes, so that no batch has more requests than a worker takes.
  assert.deepEqual(gathered(Array.from({ length: 354 }, () => 1)).map(({ length }) => length), [177, 177]);
  assert.deepEqual(gathered([16_000, 500, 100, 16_000]), [[16_000], [500, 100], [16_000]]);
  assert.deepEqual(gathered([]), []);
});

test('a message that is too large for company goes by itself, and keeps its place', () => {
  assert.deepEqual(gathered([100, 101, 20_000, 102, 103]), [[100, 101], [20_000], [102, 103]]);
  assert.deepEqual(gathered([100, 20_000, 30_000, 101]), [[100], [20_000], [30_000], [101]]);
  assert.deepEqual(gathered([16_372, 1]), [[16_372], [1]]);
});

test('what goes together is no larger than what Centrifugo takes', () => {
  const [[first = [], ...rest], small] = [gathered(Array<number>(20).fill(100), 1000), gathered([10, 10], 50)];
  assert.ok(first.length > 1 && first.length < 10 && rest.length > 1, String(first.length));
  assert.deepEqual(small, [[10], [10]]);
});

test('a publication of one message is that message, and of several a batch of them as they are', () => {
  const messages = ['{"method":"a","params":{"b":1.0}}', '{"method":"a","params":18446744073709551615}'];
  assert.equal(publication(messages.slice(1)), messages[1]);
  assert.equal(publication(messages), `{"batch":[${messages.join(',')}]}`);
});
