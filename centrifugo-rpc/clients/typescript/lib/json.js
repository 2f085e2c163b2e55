// Lossless JSON: integers beyond 2^53 - 1 are read as `bigint`, and a `bigint` is written as an integer.
import { isItsMembers, nameOf } from './kinds.js';
/** The largest depth of nesting, larger than that of any worker. */
const MAX_DEPTH = 1000;
/** Parses one JSON text. Throws a `SyntaxError` if `text` is not JSON. */
export function readJson(text) {
    // Numbers hold integers of up to 15 digits exactly, and the parser of the engine is many times faster.
    return /[0-9]{16}/.test(text) ? new Reader(text).document() : JSON.parse(text);
}
/** Returns a value as JSON. Throws a `TypeError` for values without a JSON form. */
export function writeJson(value) {
    return write(value, 0);
}
function write(value, depth) {
    if (depth > MAX_DEPTH)
        throw new TypeError('it is nested too deeply, or contains itself');
    switch (typeof value) {
        case 'string':
            return JSON.stringify(value);
        case 'bigint':
            return value.toString();
        case 'boolean':
            return value ? 'true' : 'false';
        case 'number':
            if (!Number.isFinite(value))
                throw new TypeError(`${value} has no JSON form`);
            // `String` drops the sign of -0.
            return Object.is(value, -0) ? '-0.0' : String(value);
        case 'object':
            return value === null ? 'null' : writeObject(value, depth);
        default:
            throw new TypeError(`${nameOf(value)} has no JSON form`);
    }
}
function writeObject(value, depth) {
    if (Array.isArray(value)) {
        // `map` would skip holes.
        return `[${Array.from(value, (item) => write(item === undefined ? null : item, depth + 1)).join(',')}]`;
    }
    if ('toJSON' in value && typeof value.toJSON === 'function')
        return write(value.toJSON(), depth + 1);
    if (!isItsMembers(value))
        throw new TypeError(`${nameOf(value)} has no JSON form`);
    const members = [];
    for (const [name, member] of Object.entries(value)) {
        if (member !== undefined)
            members.push(`${JSON.stringify(name)}:${write(member, depth + 1)}`);
    }
    return `{${members.join(',')}}`;
}
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
class Reader {
    #text;
    #at = 0;
    constructor(text) {
        this.#text = text;
    }
    document() {
        const value = this.#value(0);
        if (this.#peek() !== '')
            throw this.#error();
        return value;
    }
    #value(depth) {
        if (depth > MAX_DEPTH)
            throw new SyntaxError('the JSON text is nested too deeply');
        switch (this.#peek()) {
            case '{':
                return this.#object(depth);
            case '[':
                return this.#array(depth);
            case '"':
                return this.#string();
            case 't':
                return this.#word('true', true);
            case 'f':
                return this.#word('false', false);
            case 'n':
                return this.#word('null', null);
            default:
                return this.#number();
        }
    }
    #object(depth) {
        const object = {};
        this.#at += 1;
        if (this.#take('}'))
            return object;
        do {
            if (this.#peek() !== '"')
                throw this.#error();
            const name = this.#string();
            if (!this.#take(':'))
                throw this.#error();
            // An assignment to `__proto__` would change the prototype.
            const member = { value: this.#value(depth + 1), configurable: true, enumerable: true, writable: true };
            Object.defineProperty(object, name, member);
        } while (this.#take(','));
        if (!this.#take('}'))
            throw this.#error();
        return object;
    }
    #array(depth) {
        const array = [];
        this.#at += 1;
        if (this.#take(']'))
            return array;
        do {
            array.push(this.#value(depth + 1));
        } while (this.#take(','));
        if (!this.#take(']'))
            throw this.#error();
        return array;
    }
    #string() {
        const start = this.#at;
        let end = start;
        do {
            end = this.#text.indexOf('"', end + 1);
            if (end === -1)
                throw this.#error();
        } while (this.#isEscaped(end));
        this.#at = end + 1;
        // The engine decodes the escapes.
        return JSON.parse(this.#text.slice(start, this.#at));
    }
    #isEscaped(at) {
        let backslashes = 0;
        while (this.#text.charAt(at - 1 - backslashes) === '\\')
            backslashes += 1;
        return backslashes % 2 === 1;
    }
    #number() {
        const [literal, fraction, exponent] = this.#match(NUMBER);
        const number = Number(literal);
        const isExact = fraction !== undefined || exponent !== undefined || Number.isSafeInteger(number);
        return isExact ? number : BigInt(literal);
    }
    #word(word, value) {
        if (!this.#text.startsWith(word, this.#at))
            throw this.#error();
        this.#at += word.length;
        return value;
    }
    /** Returns the next character that is not white space; an empty string at the end. */
    #peek() {
        this.#match(SPACE);
        return this.#text.charAt(this.#at);
    }
    #take(character) {
        if (this.#peek() !== character)
            return false;
        this.#at += 1;
        return true;
    }
    #match(pattern) {
        pattern.lastIndex = this.#at;
        const match = pattern.exec(this.#text);
        if (match === null)
            throw this.#error();
        this.#at = pattern.lastIndex;
        return match;
    }
    #error() {
        return new SyntaxError(`unexpected ${JSON.stringify(this.#text.charAt(this.#at))} at ${this.#at} of the JSON text`);
    }
}
