/** The codes of {@link RpcError}s below 1000. Codes of the application are 1000 to 1999. */
export const codes = {
  /** The params do not decode; the message names the field. */
  INVALID_PARAMS: 400,
  /** The method needs a user and the caller is anonymous. */
  UNAUTHENTICATED: 401,
  /** The caller may not call the method. */
  PERMISSION_DENIED: 403,
  /** The service has no such method. */
  METHOD_NOT_FOUND: 404,
  /** The deadline passed; the method was cancelled. */
  DEADLINE_EXCEEDED: 408,
  /** The params or the result are over a limit. */
  TOO_LARGE: 413,
  /** A limit was reached; the method never ran. */
  OVERLOADED: 429,
  /** The call was cancelled. */
  CANCELLED: 499,
  /** The method failed; the details are in the worker's log only. */
  INTERNAL: 500,
  /** The service is shutting down; the method never ran. */
  UNAVAILABLE: 503,
  /** The worker that had the call is gone; whether the method ran is unknown. */
  WORKER_LOST: 504,
} as const;

/**
 * The base class of all errors of this package. Only an aborted call rejects with another error: the reason of its
 * `AbortSignal`.
 */
export class CentrifugoRPCError extends Error {
  override name = 'CentrifugoRPCError';

  constructor(message: string, cause?: unknown) {
    super(message);
    if (cause !== undefined) {
      // The second argument of `Error` would need a newer `lib` of TypeScript than the rest of the package.
      Object.defineProperty(this, 'cause', { value: cause, configurable: true, writable: true });
    }
  }

  /** Whether a retry is safe and useful: the method certainly never ran, and the same call may succeed later. */
  get isRetryable(): boolean {
    return false;
  }

  /**
   * Whether the call timed out. Either the worker detects it ({@link RpcError} of code 408) or this client
   * ({@link RpcTimeoutError}); which one is first depends on timing.
   */
  get isTimeout(): boolean {
    return false;
  }
}

/**
 * The error reply to a call, in most cases from the worker. Two errors do not come from a worker: 413 comes from this
 * client, for a request larger than Centrifugo's message size limit, and 429 from Centrifugo, over its rate limit.
 */
export class RpcError extends CentrifugoRPCError {
  override name = 'RpcError';
  /** One of {@link codes}, or a code of the application: 1000 to 1999. */
  readonly code: number;
  /** Machine-readable details; `undefined` if there are none. */
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }

  /** True for 429 and 503: the method never ran. After 504, only calls of idempotent methods may be repeated. */
  override get isRetryable(): boolean {
    return this.code === codes.OVERLOADED || this.code === codes.UNAVAILABLE;
  }

  override get isTimeout(): boolean {
    return this.code === codes.DEADLINE_EXCEEDED;
  }
}

/**
 * No reply arrived within the timeout of a call: no worker is running, or the request or its reply was lost. If a
 * method runs out of time, the worker replies with an {@link RpcError} of code 408 instead.
 */
export class RpcTimeoutError extends CentrifugoRPCError {
  override name = 'RpcTimeoutError';
  readonly method: string;
  readonly timeoutMs: number;
  /** Whether the request was sent, so that the method may have run. */
  readonly published: boolean;

  constructor(method: string, timeoutMs: number, published: boolean) {
    const why = published ? '' : ': there was no connection to Centrifugo and nothing was sent';
    super(`no answer to \`${method}\` within ${timeoutMs} ms${why}`);
    this.method = method;
    this.timeoutMs = timeoutMs;
    this.published = published;
  }

  /** True if the request was never sent. */
  override get isRetryable(): boolean {
    return !this.published;
  }

  override get isTimeout(): boolean {
    return true;
  }
}

/**
 * The cause of a {@link ConnectionError}: `config`, an argument of this client; `setup`, the token or Centrifugo's
 * configuration (the message names the fix); `unreachable`, the network or a Centrifugo that is not running; `closed`,
 * the end of the client; `other`, anything else.
 */
export type ConnectionErrorKind = 'config' | 'setup' | 'unreachable' | 'closed' | 'other';

/** There is no connection to Centrifugo, the connection ended permanently, or Centrifugo refused the request. */
export class ConnectionError extends CentrifugoRPCError {
  override name = 'ConnectionError';
  readonly kind: ConnectionErrorKind;

  constructor(kind: ConnectionErrorKind, message: string, cause?: unknown) {
    super(message, cause);
    this.kind = kind;
  }
}

/** An argument cannot work. Thrown before anything is sent. */
export class ConfigError extends CentrifugoRPCError {
  override name = 'ConfigError';
}

/** The params do not have the declared type, or have no JSON form. Nothing was sent. */
export class EncodeError extends CentrifugoRPCError {
  override name = 'EncodeError';
  readonly method: string;
  /** The place in the params, like `filter.tags[2]`; empty for the params themselves. */
  readonly path: string;

  constructor(method: string, path: string, reason: string, cause?: unknown) {
    super(`the params of \`${method}\` are not as declared: ${path === '' ? '' : `${path}: `}${reason}`, cause);
    this.method = method;
    this.path = path;
  }
}

/**
 * The method ran, but its result does not have the declared type: this client was generated from another version of the
 * service.
 */
export class DecodeError extends CentrifugoRPCError {
  override name = 'DecodeError';
  readonly method: string;
  /** The place in the result, like `items[2].id`; empty for the result itself. */
  readonly path: string;

  constructor(method: string, path: string, reason: string) {
    super(`the result of \`${method}\` is not as declared: ${path === '' ? '' : `${path}: `}${reason}`);
    this.method = method;
    this.path = path;
  }
}

/**
 * Thrown by a token function when there will be no further token, for example because the user has logged out. It ends
 * the client. After any other error, the client calls the function again.
 */
export class UnauthorizedError extends CentrifugoRPCError {
  override name = 'UnauthorizedError';

  constructor(message = 'not authorized', cause?: unknown) {
    super(message, cause);
  }
}
