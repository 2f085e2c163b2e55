import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readJson, writeJson } from '../src/json.js';
import { PUBLISH_OVERHEAD, write } from '../src/sdk.js';
import * as exact from '../src/sdk.exact.js';

/** Whether this build has the exact wire format. */
const IS_EXACT = (PUBLISH_OVERHEAD as number) === exact.PUBLISH_OVERHEAD;

/** A number that makes `readJson` use the parser of this package instead of the engine's. */
const LONG = '1234567890123456789';
const read = (text: string): unknown => (readJson(`[${LONG},${text}]`) as unknown[])[1];

test('integers are exact', () => {
  assert.equal(readJson('18446744073709551615'), 18446744073709551615n);
  assert.equal(readJson('-9223372036854775808'), -9223372036854775808n);
  assert.equal(readJson('340282366920938463463374607431768211455'), 2n ** 128n - 1n);
  assert.equal(readJson('9007199254740991'), 9007199254740991);
  assert.equal(readJson('9007199254740992'), 9007199254740992n);
  assert.deepEqual(readJson('{"a":[{"b":9007199254740993}]}'), { a: [{ b: 9007199254740993n }] });
});

test('everything else is read as the engine reads it', () => {
  const texts = [
    '0', '-0', '1.5', '-1.5e-7', '1e400', '1e17', '0.1234567890123456789', 'true', 'false', 'null', '""', '[]', '{}', ' [ 1 , 2 ] ',
    '{ "a" : { "b" : [ null ] } , "c" : 1 }', '"\\u00e9\\n\\"\\\\ü\u2028😀\\ud83d\\ude00\\/"', '{"__proto__":1,"constructor":2,"":3}',
    '{"a":1,"a":2}', '\t\r\n1',
  ];
  for (const text of texts) assert.deepEqual(read(text), JSON.parse(text), text);
  const long = JSON.stringify('\\"x\\\\'.repeat(500_000));
  assert.equal(read(long), JSON.parse(long));
  assert.equal(read('"\\\\"'), '\\');
  const proto = read('{"__proto__":{"x":1}}') as object;
  assert.deepEqual(Object.keys(proto), ['__proto__']);
  assert.equal(Object.getPrototypeOf(proto), Object.prototype);
});

test('what is no JSON is refused', () => {
  const texts = [
    '', ' ', '01', '+1', '1.', '.5', '1e', '--1', 'NaN', 'Infinity', 'tru', 'nul', "'x'", '"x', '"\\x"', '"\n"', '[1', '[1,]', '[,1]', '{',
    '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '{1:1}', '1 2', '[1]]', 'undefined', '\u00a01', '"\\ud8"',
  ];
  for (const text of texts) {
    assert.throws(() => JSON.parse(text), SyntaxError, text);
    assert.throws(() => read(text), SyntaxError, text);
  }
  assert.throws(() => read('['.repeat(100_000)), SyntaxError);
});

test('what was written is read again', () => {
  const values = [
    null, true, 0, -0, 1.5, -1e-7, 1e21, 2 ** 53 - 1, Number.MAX_VALUE, Number.MIN_VALUE, 'ü\u2028"\\\n\u0000', [], {}, [[], [null, 'x']],
    { a: { b: [1, { c: 2 }] }, 'é"': 1 }, 2n ** 64n - 1n, -(2n ** 127n), [2n ** 53n],
  ];
  for (const value of values) {
    const text = writeJson(value);
    assert.deepEqual(readJson(text), value, text);
    assert.deepEqual(read(text), value, text);
  }
  assert.equal(writeJson(5n), '5');
  assert.equal(writeJson({ a: undefined, b: 1 }), '{"b":1}');
  assert.equal(writeJson([undefined, 1]), '[null,1]');
  assert.equal(writeJson(new Date(0)), '"1970-01-01T00:00:00.000Z"');
});

test('what has no JSON form is refused', () => {
  const circular: { self?: object } = {};
  circular.self = circular;
  const values = [
    NaN, Infinity, -Infinity, undefined, () => 1, Symbol('x'), [NaN], { a: () => 1 }, { a: Symbol('x') }, circular,
    new Map([['a', 1]]), { a: new Set([1]) }, [new Uint8Array(1)], { a: Promise.resolve(1) }, new Error('x'),
  ];
  for (const value of values) {
    for (const written of [writeJson, write]) assert.throws(() => written(value), TypeError, String(value));
  }
  for (const written of [writeJson, write]) assert.equal(written({ at: new Date(0), no: undefined }), '{"at":"1970-01-01T00:00:00.000Z"}');
});

test('a bigint is sent exactly, or refused with its place and the fix', () => {
  for (const [value, text, place] of [[5n, '5', ''], [{ a: [{ id: 5n }] }, '{"a":[{"id":5}]}', ' (at "id")']] as const) {
    if (IS_EXACT) assert.equal(write(value), text);
    else {
      const message = `a bigint has no JSON form in this client${place}: write \`Number(…)\` or \`String(…)\` around it`;
      assert.throws(() => write(value), { name: 'TypeError', message });
    }
  }
});
