/** The codes of {@link RpcError}s below 1000. The application's own are 1000 to 1999. */
export declare const codes: {
    /** Params do not decode; the message names the field. */
    readonly INVALID_PARAMS: 400;
    /** The method needs a user and the caller is anonymous. */
    readonly UNAUTHENTICATED: 401;
    /** A guard refused. */
    readonly PERMISSION_DENIED: 403;
    /** No such method. */
    readonly METHOD_NOT_FOUND: 404;
    /** The deadline passed; the method was cancelled. */
    readonly DEADLINE_EXCEEDED: 408;
    /** Params or result over the limit. */
    readonly TOO_LARGE: 413;
    /** A limit was reached; the method never ran. */
    readonly OVERLOADED: 429;
    /** The caller cancelled. */
    readonly CANCELLED: 499;
    /** The method failed; details stay in the worker's log. */
    readonly INTERNAL: 500;
    /** Shutting down, the method never ran. */
    readonly UNAVAILABLE: 503;
    /** The worker that had the call is gone: outcome unknown. */
    readonly WORKER_LOST: 504;
};
/** What all errors of this package are, but for the reason of an `AbortSignal`, which is passed on as it is. */
export declare class CentrifugoRPCError extends Error {
    name: string;
    constructor(message: string, cause?: unknown);
    /** Whether the method certainly never ran and the same call may well succeed later. */
    get isRetryable(): boolean;
    /**
     * Whether the time of the call was up, whoever noticed: an {@link RpcError} of code 408 is the worker's word on it, an
     * {@link RpcTimeoutError} this client's, and which of them comes first is chance.
     */
    get isTimeout(): boolean;
}
/**
 * The call was answered with an error, most often by the worker. Two answers are given on the way there: 413 by this client, for
 * a request larger than Centrifugo's message limit, and 429 by Centrifugo, over its rate limit.
 */
export declare class RpcError extends CentrifugoRPCError {
    name: string;
    /** One of {@link codes}, or the application's own: 1000 to 1999. */
    readonly code: number;
    /** Machine-readable details, `undefined` where there are none. */
    readonly data: unknown;
    constructor(code: number, message: string, data?: unknown);
    /** 429 and 503: the method never ran. After 504 only calls of idempotent methods may be repeated. */
    get isRetryable(): boolean;
    get isTimeout(): boolean;
}
/**
 * Nobody answered in time. A method that ran out of time answers with an {@link RpcError} of code 408 instead: here no worker
 * runs, or the request or its reply was lost.
 */
export declare class RpcTimeoutError extends CentrifugoRPCError {
    name: string;
    readonly method: string;
    readonly timeoutMs: number;
    /** Whether the request went out, so that a worker may have run it. */
    readonly published: boolean;
    constructor(method: string, timeoutMs: number, published: boolean);
    /** True if nothing was sent. */
    get isRetryable(): boolean;
    get isTimeout(): boolean;
}
/**
 * What is to blame for a {@link ConnectionError}: `config`, what this client was given; `setup`, the token or Centrifugo's
 * configuration, the message says what to change; `unreachable`, the network or a Centrifugo that does not run; `closed`, the end
 * of the client; `other`, the rest.
 */
export type ConnectionErrorKind = 'config' | 'setup' | 'unreachable' | 'closed' | 'other';
/** There is no connection to Centrifugo, it ended for good, or Centrifugo refused to take the request. */
export declare class ConnectionError extends CentrifugoRPCError {
    name: string;
    readonly kind: ConnectionErrorKind;
    constructor(kind: ConnectionErrorKind, message: string, cause?: unknown);
}
/** An argument cannot work. Thrown before anything is sent. */
export declare class ConfigError extends CentrifugoRPCError {
    name: string;
}
/** The params are not what the method takes, or have no JSON form. Nothing was sent. */
export declare class EncodeError extends CentrifugoRPCError {
    name: string;
    readonly method: string;
    /** Where in the params, like `filter.tags[2]`; empty for the params themselves. */
    readonly path: string;
    constructor(method: string, path: string, reason: string, cause?: unknown);
}
/** The method ran, but its result is not what it should be: this client was generated from another version of the service. */
export declare class DecodeError extends CentrifugoRPCError {
    name: string;
    readonly method: string;
    /** Where in the result, like `items[2].id`; empty for the result itself. */
    readonly path: string;
    constructor(method: string, path: string, reason: string);
}
/**
 * Thrown by a token function to say that there will be no token: the session is over. It ends the client; every other error is
 * taken for a passing one, and the function is asked again.
 */
export declare class UnauthorizedError extends CentrifugoRPCError {
    name: string;
    constructor(message?: string, cause?: unknown);
}
