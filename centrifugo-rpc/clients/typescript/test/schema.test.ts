import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ContractMismatchError, DecodeError, EncodeError } from '../src/index.js';
import * as c from '../src/schema.js';
import { call, checkContract, notify } from '../src/typed.js';
import * as w from '../src/integers.js';
import { failure } from './harness.js';

function mismatch(codec: c.Codec, value: unknown, way: c.Way = 'read'): string {
  try {
    codec(value, way);
  } catch (error) {
    assert.ok(error instanceof c.Mismatch, String(error));
    return `${error.path}: ${error.reason}`;
  }
  return assert.fail(`it fits: ${String(value)}`);
}

function fits(codec: c.Codec, ...values: unknown[]): void {
  for (const value of values) {
    for (const way of ['read', 'write'] as const) assert.deepEqual(codec(value, way), value);
  }
}

function refuses(codec: c.Codec, ...values: unknown[]): void {
  for (const value of values) mismatch(codec, value);
}

test('scalars take what Rust takes', () => {
  fits(c.bool, true, false);
  refuses(c.bool, 0, 'true', null, undefined);
  fits(c.string, '', 'é\0😀');
  refuses(c.string, 1, null, '\ud800', 'x\udc00');
  fits(c.char, 'x', '😀');
  refuses(c.char, '', 'xy', 'e\u0301');
  fits(c.nothing, null);
  refuses(c.nothing, undefined, 0, {});
  refuses(c.never, null, 1);
  fits(c.float, 0, -1.5, 5e-324);
  refuses(c.float, NaN, Infinity, '1', null);
  assert.equal(c.float(2n ** 60n, 'read'), 2 ** 60);
  // The largest number that serde still rounds to the largest `f32`, and the next number.
  fits(c.f32, 0.1, 3.4028235e38, -3.4028235677973362e38, 1e-60);
  assert.equal(mismatch(c.f32, 3.4028235677973366e38, 'write'), ': 3.4028235677973366e+38 is too large for 32 bits');
  refuses(c.f32, NaN, '1');
  assert.equal(mismatch(c.untagged(c.f32, c.float), 1e39, 'write'), ': 1e+39 is too large for 32 bits');
  fits(c.nullable(c.bool), null, true);
  refuses(c.nullable(c.bool), undefined, 0);
});

test('integers are whole and in their range', () => {
  fits(c.u8, 0, 255);
  refuses(c.u8, -1, 256, 1.5, '1', 256n);
  fits(c.i32, -(2 ** 31), 2 ** 31 - 1);
  refuses(c.i32, 2 ** 31);
  assert.equal(c.u8(7n, 'read'), 7);
  assert.ok(Object.is(c.i8(-0, 'write'), 0));
  fits(w.u64, 0n, 2n ** 64n - 1n);
  refuses(w.u64, -1n, 2n ** 64n, 1.5, '1', null);
  assert.equal(w.i64(-5, 'read'), -5n);
  assert.match(mismatch(w.u64, 2 ** 53), /not exact: write it as a `bigint`/);
  fits(w.i128, -(2n ** 127n));
  fits(c.number, 1.5, 2n ** 70n);
  refuses(c.number, '1', NaN);
});

test('texts of a format are of it', () => {
  fits(c.uuid, '00000000-0000-4000-8000-000000000000', 'urn:uuid:F9168C5E-CEB2-4faa-B6BF-329BF39FA1E4', 'f9168c5eceb24faab6bf329bf39fa1e4');
  refuses(c.uuid, '', '00000000-0000-4000-8000-00000000000', '{00000000-0000-4000-8000-000000000000', 'g0000000-0000-4000-8000-000000000000');
  fits(c.decimal, '0', '-1.50', '1e5', '79228162514264337593543950335');
  refuses(c.decimal, '', '-', '.', '1,5', '0x1', 5);
  fits(c.dateTime, '2024-02-29T23:59:60.123456789Z', '2000-02-29 00:00:00+23:59', '+12345-01-01t00:00:00z', '-0001-12-31T00:00:00-00:00');
  refuses(c.dateTime, '2023-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2024-04-31T00:00:00Z', '2024-13-01T00:00:00Z', '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01T00:60:00Z', '2024-01-01T00:00:00', '2024-01-01', '24-01-01T00:00:00Z');
});

test('lists and maps name the place that does not fit', () => {
  const codec = c.map('string', c.array(c.tuple(c.u8, c.nullable(c.string))));
  fits(codec, {}, { a: [], __proto__x: [[1, null]], '': [[2, 'x']] });
  assert.equal(mismatch(codec, { a: [[1, null], [2, 5]] }), 'a[1][1]: expected a string, got a number');
  assert.equal(mismatch(codec, { 'a b': [[1]] }), '["a b"][0]: expected 2 items, got 1');
  refuses(codec, null, [], 'x', { a: {} });
  fits(c.fixed(c.u8, 2), [1, 2]);
  refuses(c.fixed(c.u8, 2), [1], [1, 2, 3], [1, undefined], new Array(2));
  refuses(c.array(c.u8), new Array(1));
  fits(c.map('unsigned', c.u8), { 0: 1, 18446744073709551615: 2 }, { '18446744073709551615': 1 });
  refuses(c.map('unsigned', c.u8), { '-1': 1 }, { '01': 1 }, { '1.5': 1 }, { '': 1 }, { a: 1 });
  fits(c.map('signed', c.u8), { '-9223372036854775808': 1, 0: 0 });
  const proto = JSON.parse('{"__proto__":1}') as unknown;
  const read = c.map('string', c.u8)(proto, 'read') as object;
  assert.deepEqual(Object.keys(read), ['__proto__']);
});

test('objects have their fields, and others where they may', () => {
  const codec = c.struct({ a: c.u8 }, { b: c.nullable(c.u8) });
  fits(codec, { a: 1 }, { a: 1, b: null }, { a: 1, b: 2 });
  assert.deepEqual(codec({ a: 1, b: undefined, other: () => 1 }, 'write'), { a: 1 });
  assert.equal(mismatch(codec, { b: 1 }), ': the field "a" is missing');
  assert.equal(mismatch(codec, { a: 1, b: 'x' }), 'b: expected an integer, got a string');
  refuses(codec, { a: undefined }, [1], null, Object.create({ a: 1 }));
  assert.equal(mismatch(c.struct({ a: c.u8 }, {}, 'denied'), { a: 1, c: 2 }), ': the field "c" is unknown');
  fits(c.struct({ a: c.u8 }, {}, c.map('string', c.string)), { a: 1, b: 'x', toString: 'y' });
  refuses(c.struct({ constructor: c.u8 }), {}, { a: 1 });
  refuses(c.struct({}, {}, c.map('signed', c.u8)), { a: 1 });
});

test('unions are one of their variants', () => {
  const external = c.external(['Unit'], { Num: c.u8, Obj: c.struct({ x: c.u8 }) });
  fits(external, 'Unit', { Num: 1 }, { Obj: { x: 1 } });
  refuses(external, 'Num', 'other', {}, { Num: 1, Obj: { x: 1 } }, { Other: 1 }, { toString: 1 }, null, 5);
  assert.deepEqual(external({ Num: 1, Obj: undefined }, 'write'), { Num: 1 });
  assert.equal(mismatch(external, { Obj: { x: -1 } }), 'Obj.x: the integer is not in 0 to 255');

  const internal = c.internal('type', { A: c.struct({}), B: c.struct({ x: c.u8 }), C: c.struct({ x: c.u8 }, {}, 'denied') });
  fits(internal, { type: 'A' }, { type: 'B', x: 1 }, { type: 'C', x: 1 });
  refuses(internal, { type: 'D' }, { x: 1 }, { type: 1 }, { type: 'B' }, { type: 'C', x: 1, y: 2 }, { type: 'toString' }, 'A', null);

  const untagged = c.untagged(c.nothing, w.i64, c.string, c.struct({ x: c.u8 }), c.struct({ y: c.u8 }));
  fits(untagged, null, 5n, 'x', { x: 1 }, { y: 1 });
  assert.equal(mismatch(untagged, { x: 'no' }), ': an object like this is none of the variants');
  refuses(untagged, true, 1.5, [], {});
});

test('flattened unions share an object with fields', () => {
  const by = c.internal('by', { Name: c.struct({ name: c.string }), All: c.struct({}) });
  const keys = ['by', 'name'];
  const codec = c.flat({ a: c.u8 }, {}, [{ union: by, keys }], c.map('string', c.u8));
  fits(codec, { a: 1, by: 'All' }, { a: 1, by: 'Name', name: 'x', more: 5 });
  refuses(codec, { a: 1 }, { a: 1, by: 'Name' }, { a: 1, by: 'All', more: 'x' });
  const optional = c.flat({ a: c.u8 }, {}, [{ union: by, keys, optional: true }]);
  fits(optional, { a: 1 }, { a: 1, by: 'All' });
  refuses(optional, { a: 1, by: 'Other' });
});

test('anything that has a JSON form is anything', () => {
  fits(c.any, null, 1, 'x', [1, [null]], { a: { b: [true] } }, 2n ** 64n);
  assert.deepEqual(c.any({ at: new Date(0), no: undefined }, 'write'), { at: '1970-01-01T00:00:00.000Z' });
  assert.equal(mismatch(c.any, { a: [NaN] }), 'a[0]: NaN has no JSON form');
  refuses(c.any, undefined, () => 1, Symbol('x'), '\ud800');
  class Point {
    readonly x = 1;
  }
  assert.deepEqual(c.any([new Point(), Object.create(null)], 'write'), [{ x: 1 }, {}]);
});

test('built-in objects whose contents are not their members are refused', () => {
  const others = [new Map([['a', 1]]), new Set([1]), new Uint8Array(1), new ArrayBuffer(1), Promise.resolve(1), new Error('x'), /x/, Object('x')];
  for (const codec of [c.map('string', c.any), c.struct({}), c.internal('t', { A: c.struct({}) })]) refuses(codec, ...others);
  assert.deepEqual(
    others.map((value) => mismatch(c.any, { a: value }, 'write')),
    ['a Map', 'a Set', 'a Uint8Array', 'an ArrayBuffer', 'a Promise', 'an Error', 'a RegExp', 'a String'].map((name) => `a: ${name} has no JSON form`),
  );
  assert.equal(mismatch(c.struct({}), new Map()), ': expected an object, got a Map');
  assert.equal(mismatch(c.string, new Date()), ': expected a string, got a Date');
});

test('types may contain themselves', () => {
  const tree: c.Codec = c.define(() => c.struct({ children: c.array(tree) }));
  fits(tree, { children: [{ children: [] }] });
  assert.equal(mismatch(tree, { children: [{ children: [5] }] }), 'children[0].children[0]: expected an object, got a number');
});

test('what does not fit is an error that names method and place', async () => {
  const calls: unknown[] = [];
  const rpc = {
    call: async (...args: unknown[]) => (calls.push(args), { n: 'x', hash: 'abc', version: 1 }),
    notify: async (...args: unknown[]) => void calls.push(args),
  };
  const numbers = c.struct({ n: c.u8 });
  const encode = await failure(call(rpc, 'a.b', numbers, { n: -1 }, c.any, undefined));
  assert.ok(encode instanceof EncodeError);
  assert.equal(encode.message, 'the params of `a.b` are not as declared: n: the integer is not in 0 to 255');
  assert.ok((await failure(notify(rpc, 'a.b', numbers, 5, undefined))) instanceof EncodeError);
  assert.deepEqual(calls, [], 'nothing was sent');
  const circular: { self?: object } = {};
  circular.self = circular;
  const endless = await failure(call(rpc, 'a.b', c.any, circular, c.any, undefined));
  assert.ok(endless instanceof EncodeError, String(endless));
  assert.match(endless.message, /contains itself/);
  const decode = await failure(call(rpc, 'a.b', undefined, undefined, numbers, { timeoutMs: 5 }));
  assert.ok(decode instanceof DecodeError);
  assert.equal(decode.message, 'the result of `a.b` is not as declared: n: expected an integer, got a string');
  assert.deepEqual(calls, [['a.b', undefined, { timeoutMs: 5 }]]);
  assert.deepEqual(await checkContract(rpc, 'abc', undefined), { hash: 'abc', version: 1 });
  assert.ok((await failure(checkContract(rpc, 'xyz', undefined))) instanceof ContractMismatchError);
});
