// The constants of the protocol, and the order of the modules.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { COMMAND_TIMEOUT_MS } from '../src/connection.js';
import { MAX_GRACE_MS, MAX_TIMEOUT_MS, MIN_GRACE_MS } from '../src/deadline.js';
import { codes } from '../src/errors.js';
import { settings } from '../src/options.js';
import * as refusal from '../src/refusal.js';
import { uuid } from '../src/uuid.js';
import { BATCH_OVERHEAD, CONTRACT_METHOD, KEPT_REPLIES, MAX_BATCH, MIN_REQUEST, type ReplyAddress, Request } from '../src/wire.js';

const shared = JSON.parse(readFileSync('../protocol.json', 'utf8'));
const defaults = settings({ websocket: class {} });

test('the constants are those that all languages share', () => {
  assert.deepEqual(Object.keys(shared), ['common', 'callers', 'workers']);
  assert.deepEqual(shared.common, {
    request_channel: defaults.requestChannel,
    reply_namespace: defaults.replyNamespace,
    reply_channel_regex: refusal.REPLY_CHANNEL_REGEX,
    contract_method: CONTRACT_METHOD,
    max_batch_bytes: MAX_BATCH,
    min_batch_bytes_per_request: MIN_REQUEST,
    message_size_limit: defaults.messageSizeLimit,
    reply_history_size: KEPT_REPLIES,
    default_channel_max_length: refusal.DEFAULT_MAX_LENGTH,
    timeout_ms: defaults.timeoutMs,
    write_timeout_ms: COMMAND_TIMEOUT_MS,
    codes: Object.fromEntries(Object.entries(codes).map(([name, code]) => [name.toLowerCase(), code])),
    centrifugo_codes: {
      unknown_channel: refusal.UNKNOWN_CHANNEL,
      permission_denied: refusal.PERMISSION_DENIED,
      limit_exceeded: refusal.LIMIT_EXCEEDED,
      bad_request: refusal.BAD_REQUEST,
      token_expired: refusal.TOKEN_EXPIRED,
      too_many_requests: refusal.TOO_MANY_REQUESTS,
      invalid_token: refusal.INVALID_TOKEN,
      malformed: refusal.MALFORMED,
    },
  });
  assert.deepEqual(shared.callers, {
    max_timeout_ms: MAX_TIMEOUT_MS,
    min_grace_ms: MIN_GRACE_MS,
    max_grace_ms: MAX_GRACE_MS,
    connect_timeout_ms: defaults.connectTimeoutMs,
  });
});

test('the limits of the workers hold for this client', () => {
  const { workers } = shared;
  assert.ok(uuid().length <= workers.max_correlation_id_bytes);
  assert.match(`${uuid()}#42`, new RegExp(refusal.REPLY_CHANNEL_REGEX));
  // A batch of the smallest notifications or calls has no more requests than a worker takes.
  const most = (address?: ReplyAddress): number => {
    const smallest = new Request('a', undefined, undefined).message(1, address);
    return Math.floor((MAX_BATCH - BATCH_OVERHEAD + ','.length) / Math.max(MIN_REQUEST, smallest.length + ','.length));
  };
  assert.ok(most() <= workers.max_batch_requests);
  assert.ok(most({ correlationId: uuid(), replyTo: `reply:${uuid()}#` }) <= workers.max_batch_calls);
});

/** The modules, from the lowest to the highest. So the connection knows nothing about calls. */
const ORDER = [
  ...['utf8', 'kinds', 'timer', 'abort', 'bind', 'errors', 'uuid', 'json', 'sdk', 'sdk.exact', 'wire', 'options', 'deadline', 'token', 'refusal'],
  ...['connection', 'reply_channel', 'pending', 'cancel_queue', 'batcher', 'session', 'client'],
  ...['schema', 'wide', 'wide.number', 'integers', 'contract', 'typed', 'index'],
];

test('modules import only lower ones', () => {
  const imports = new Map<string, string[]>();
  for (const file of readdirSync('src')) {
    const text = readFileSync(`src/${file}`, 'utf8');
    imports.set(file.replace(/\.ts$/, ''), [...text.matchAll(/from '\.\/(.+)\.js'/g)].map(([, name = '']) => name));
  }
  assert.deepEqual([...imports.keys()].sort(), [...ORDER].sort());
  for (const [name, imported] of imports) {
    const above = imported.filter((other) => ORDER.indexOf(other) >= ORDER.indexOf(name));
    assert.deepEqual(above, [], `${name} imports what is above it`);
  }
});
