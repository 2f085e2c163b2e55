import { ConfigError } from './errors.js';

/** A constructor of WebSockets: the global one of browsers, Deno, Bun and Node 22 or later, or `WebSocket` of the package `ws`. */
export type WebSocketConstructor = new (url: string, protocols?: string) => object;

/** Options of a client. The names of the channels and the limit are those of Centrifugo's configuration and of the workers. */
export interface ClientOptions {
  /** How long a call may take unless it says otherwise, at most a day. Default: 30 000, as at the workers. */
  readonly timeoutMs?: number | undefined;
  /** How long `connect` tries; `Infinity`, until it is connected. Later the client never stops trying. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** The channel that requests are published into. Default: `rpc:requests`. */
  readonly requestChannel?: string | undefined;
  /** The namespace of reply channels. Default: `reply`. */
  readonly replyNamespace?: string | undefined;
  /**
   * Centrifugo's `websocket.message_size_limit`, in bytes. A request over it is answered here, with 413: Centrifugo would end the
   * connection. Default: 65 536, as there.
   */
  readonly messageSizeLimit?: number | undefined;
  /** The constructor of WebSockets. Default: the global one; Node before 22 has none: give it `WebSocket` of the package `ws`. */
  readonly websocket?: WebSocketConstructor | undefined;
  /** Hears what happens behind the calls, for logs. Default: nobody. */
  readonly onEvent?: ((event: ClientEvent) => void) | undefined;
}

/** What one call may do differently. */
export interface CallOptions {
  /** How long the call may take, in milliseconds, at most a day. Default: the client's. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call: the worker is told to stop the method, and the call rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** The W3C trace context of the call, like `00-<trace id>-<span id>-01`, passed on to the worker as it is. */
  readonly traceparent?: string | undefined;
}

/** What happens behind the calls. */
export type ClientEvent =
  /**
   * Connected. `recovered` is false if Centrifugo could not continue from the last reply, so that all it has of them was read: calls whose
   * reply it does not have run into their timeout.
   */
  | { readonly type: 'connected'; readonly recovered: boolean; readonly pendingCalls: number }
  /** The connection is lost; the client connects again. */
  | { readonly type: 'disconnected'; readonly code: number; readonly reason: string; readonly pendingCalls: number }
  /** An attempt to connect failed; the next one comes. */
  | { readonly type: 'trouble'; readonly error: Error }
  /** The client ended for good. */
  | { readonly type: 'ended'; readonly error: Error }
  /** A reply was ignored: it is malformed, or nobody waits for it (any more). */
  | { readonly type: 'ignored-reply'; readonly reason: 'malformed' | 'unknown'; readonly correlationId: string | undefined };

/** Options with all defaults filled in. */
export interface Settings {
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly requestChannel: string;
  readonly replyNamespace: string;
  readonly messageSizeLimit: number;
  readonly websocket: WebSocketConstructor;
  readonly onEvent: (event: ClientEvent) => void;
}

/** Throws a `ConfigError` that names the option that cannot work. */
export function settings(options: ClientOptions): Settings {
  const filled = {
    timeoutMs: checkTimeout('timeoutMs', options.timeoutMs ?? 30_000),
    connectTimeoutMs: checkTimeout('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    requestChannel: options.requestChannel ?? 'rpc:requests',
    replyNamespace: options.replyNamespace ?? 'reply',
    messageSizeLimit: options.messageSizeLimit ?? 64 * 1024,
    websocket: options.websocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket,
    onEvent: options.onEvent ?? (() => undefined),
  };
  const { websocket } = filled;
  if (!/^[\w.-]+:[\w.-]+$/.test(filled.requestChannel)) {
    throw new ConfigError(
      '`requestChannel` is not `<namespace>:<name>` of letters, digits, `_`, `-` and `.`: write for example `rpc:requests`',
    );
  }
  if (!/^[\w.-]+$/.test(filled.replyNamespace)) {
    throw new ConfigError('`replyNamespace` is not a name of letters, digits, `_`, `-` and `.`: write for example `reply`');
  }
  if (!(filled.messageSizeLimit > 0)) throw new ConfigError('`messageSizeLimit` is not a positive number of bytes');
  if (typeof websocket !== 'function') {
    throw new ConfigError(
      "there is no global `WebSocket` here: install the package `ws` and give the client the option `{ websocket: WebSocket }`, " +
        "with `import { WebSocket } from 'ws'`",
    );
  }
  return { ...filled, websocket };
}

/** Throws a `ConfigError` unless `timeoutMs` is a time that something can take. */
export function checkTimeout(name: string, timeoutMs: number): number {
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) throw new ConfigError(`\`${name}\` is not a positive number of milliseconds: ${timeoutMs}`);
  return timeoutMs;
}

/** `url` as messages show it: without user, password, query and fragment, where secrets may be. */
export function checkUrl(url: string): string {
  const fix = 'write for example `wss://rt.example.com/connection/websocket`';
  let href: string;
  try {
    ({ href } = new URL(url));
  } catch {
    throw new ConfigError(`the URL is not a URL: ${fix}`);
  }
  // Not by the members of `URL`: React Native's cannot be set, and find no host but that of `http:`.
  const [, scheme = '', place] = /^([a-z][a-z\d+.-]*:)(?:\/\/(?:[^/?#]*@)?([^/?#]+[^?#]*))?/i.exec(href) ?? [];
  if (!/^wss?:$/i.test(scheme) || place === undefined) {
    throw new ConfigError(`the URL is not a WebSocket URL, it starts with \`${scheme}\`: ${fix}`);
  }
  return `${scheme}//${place}`;
}
