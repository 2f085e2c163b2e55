/** The codes of {@link RpcError}s below 1000. The application's own are 1000 to 1999. */
export const codes = {
    /** Params do not decode; the message names the field. */
    INVALID_PARAMS: 400,
    /** The method needs a user and the caller is anonymous. */
    UNAUTHENTICATED: 401,
    /** A guard refused. */
    PERMISSION_DENIED: 403,
    /** No such method. */
    METHOD_NOT_FOUND: 404,
    /** The deadline passed; the method was cancelled. */
    DEADLINE_EXCEEDED: 408,
    /** Params or result over the limit. */
    TOO_LARGE: 413,
    /** A limit was reached; the method never ran. */
    OVERLOADED: 429,
    /** The caller cancelled. */
    CANCELLED: 499,
    /** The method failed; details stay in the worker's log. */
    INTERNAL: 500,
    /** Shutting down, the method never ran. */
    UNAVAILABLE: 503,
    /** The worker that had the call is gone: outcome unknown. */
    WORKER_LOST: 504,
};
/** What all errors of this package are, but for the reason of an `AbortSignal`, which is passed on as it is. */
export class CentrifugoRPCError extends Error {
    name = 'CentrifugoRPCError';
    constructor(message, cause) {
        super(message);
        if (cause !== undefined) {
            // Not the second argument of `Error`: its type needs a newer library than the rest of the package.
            Object.defineProperty(this, 'cause', { value: cause, configurable: true, writable: true });
        }
    }
    /** Whether the method certainly never ran and the same call may well succeed later. */
    get isRetryable() {
        return false;
    }
    /**
     * Whether the time of the call was up, whoever noticed: an {@link RpcError} of code 408 is the worker's word on it, an
     * {@link RpcTimeoutError} this client's, and which of them comes first is chance.
     */
    get isTimeout() {
        return false;
    }
}
/**
 * The call was answered with an error, most often by the worker. Two answers are given on the way there: 413 by this client, for
 * a request larger than Centrifugo's message limit, and 429 by Centrifugo, over its rate limit.
 */
export class RpcError extends CentrifugoRPCError {
    name = 'RpcError';
    /** One of {@link codes}, or the application's own: 1000 to 1999. */
    code;
    /** Machine-readable details, `undefined` where there are none. */
    data;
    constructor(code, message, data) {
        super(message);
        this.code = code;
        this.data = data;
    }
    /** 429 and 503: the method never ran. After 504 only calls of idempotent methods may be repeated. */
    get isRetryable() {
        return this.code === codes.OVERLOADED || this.code === codes.UNAVAILABLE;
    }
    get isTimeout() {
        return this.code === codes.DEADLINE_EXCEEDED;
    }
}
/**
 * Nobody answered in time. A method that ran out of time answers with an {@link RpcError} of code 408 instead: here no worker
 * runs, or the request or its reply was lost.
 */
export class RpcTimeoutError extends CentrifugoRPCError {
    name = 'RpcTimeoutError';
    method;
    timeoutMs;
    /** Whether the request went out, so that a worker may have run it. */
    published;
    constructor(method, timeoutMs, published) {
        const why = published ? '' : ': there was no connection to Centrifugo and nothing was sent';
        super(`no answer to \`${method}\` within ${timeoutMs} ms${why}`);
        this.method = method;
        this.timeoutMs = timeoutMs;
        this.published = published;
    }
    /** True if nothing was sent. */
    get isRetryable() {
        return !this.published;
    }
    get isTimeout() {
        return true;
    }
}
/** There is no connection to Centrifugo, it ended for good, or Centrifugo refused to take the request. */
export class ConnectionError extends CentrifugoRPCError {
    name = 'ConnectionError';
    kind;
    constructor(kind, message, cause) {
        super(message, cause);
        this.kind = kind;
    }
}
/** An argument cannot work. Thrown before anything is sent. */
export class ConfigError extends CentrifugoRPCError {
    name = 'ConfigError';
}
/** The params are not what the method takes, or have no JSON form. Nothing was sent. */
export class EncodeError extends CentrifugoRPCError {
    name = 'EncodeError';
    method;
    /** Where in the params, like `filter.tags[2]`; empty for the params themselves. */
    path;
    constructor(method, path, reason, cause) {
        super(`the params of \`${method}\` are not as declared: ${path === '' ? '' : `${path}: `}${reason}`, cause);
        this.method = method;
        this.path = path;
    }
}
/** The method ran, but its result is not what it should be: this client was generated from another version of the service. */
export class DecodeError extends CentrifugoRPCError {
    name = 'DecodeError';
    method;
    /** Where in the result, like `items[2].id`; empty for the result itself. */
    path;
    constructor(method, path, reason) {
        super(`the result of \`${method}\` is not as declared: ${path === '' ? '' : `${path}: `}${reason}`);
        this.method = method;
        this.path = path;
    }
}
/**
 * Thrown by a token function to say that there will be no token: the session is over. It ends the client; every other error is
 * taken for a passing one, and the function is asked again.
 */
export class UnauthorizedError extends CentrifugoRPCError {
    name = 'UnauthorizedError';
    constructor(message = 'not authorized', cause) {
        super(message, cause);
    }
}
