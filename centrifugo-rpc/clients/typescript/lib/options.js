import { ConfigError } from './errors.js';
/** Fills in the defaults. Throws a `ConfigError` that names the first option that cannot work. */
export function settings(options) {
    const filled = {
        timeoutMs: checkTimeout('timeoutMs', options.timeoutMs ?? 30_000),
        connectTimeoutMs: checkTimeout('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
        requestChannel: options.requestChannel ?? 'rpc:requests',
        replyNamespace: options.replyNamespace ?? 'reply',
        messageSizeLimit: options.messageSizeLimit ?? 64 * 1024,
        websocket: options.websocket ?? globalThis.WebSocket,
        onEvent: options.onEvent ?? (() => undefined),
    };
    const { websocket } = filled;
    if (!/^[\w.-]+:[\w.-]+$/.test(filled.requestChannel)) {
        throw new ConfigError('`requestChannel` is not `<namespace>:<name>` of letters, digits, `_`, `-` and `.`: write for example `rpc:requests`');
    }
    if (!/^[\w.-]+$/.test(filled.replyNamespace)) {
        throw new ConfigError('`replyNamespace` is not a name of letters, digits, `_`, `-` and `.`: write for example `reply`');
    }
    if (!(filled.messageSizeLimit > 0))
        throw new ConfigError('`messageSizeLimit` is not a positive number of bytes');
    if (typeof websocket !== 'function') {
        throw new ConfigError("there is no global `WebSocket` here: install the package `ws` and give the client the option `{ websocket: WebSocket }`, " +
            "with `import { WebSocket } from 'ws'`");
    }
    return { ...filled, websocket };
}
/** Returns `timeoutMs`. Throws a `ConfigError` unless it is a positive number. */
export function checkTimeout(name, timeoutMs) {
    if (typeof timeoutMs !== 'number' || !(timeoutMs > 0))
        throw new ConfigError(`\`${name}\` is not a positive number of milliseconds: ${timeoutMs}`);
    return timeoutMs;
}
/** Returns `url` as messages show it: without user, password, query and fragment, which may contain secrets. */
export function checkUrl(url) {
    const fix = 'write for example `wss://rt.example.com/connection/websocket`';
    let href;
    try {
        ({ href } = new URL(url));
    }
    catch {
        throw new ConfigError(`the URL is not a URL: ${fix}`);
    }
    // The members of React Native's `URL` cannot be set, and find a host only in `http:` URLs: parse `href` instead.
    const [, scheme = '', place] = /^([a-z][a-z\d+.-]*:)(?:\/\/(?:[^/?#]*@)?([^/?#]+[^?#]*))?/i.exec(href) ?? [];
    if (!/^wss?:$/i.test(scheme) || place === undefined) {
        throw new ConfigError(`the URL is not a WebSocket URL, it starts with \`${scheme}\`: ${fix}`);
    }
    return `${scheme}//${place}`;
}
