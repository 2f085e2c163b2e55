//! What identifiers of TypeScript may not be.

/// What the generated package exports itself. Types of these names get the suffix `Model`.
pub(crate) const RUNTIME: [&str; 22] = [
    "APIClient",
    "CONTRACT_HASH",
    "CallOptions",
    "Caller",
    "CentrifugoRPCClient",
    "CentrifugoRPCError",
    "ClientEvent",
    "ClientOptions",
    "ClientState",
    "ConfigError",
    "ConnectionError",
    "ConnectionErrorKind",
    "Contract",
    "ContractMismatchError",
    "DecodeError",
    "EncodeError",
    "RpcError",
    "RpcTimeoutError",
    "TokenSource",
    "UnauthorizedError",
    "WebSocketConstructor",
    "codes",
];

/// Names that types cannot have: the declarations themselves use the one, what compilers write into `CommonJS` modules the other.
pub(crate) const TYPES: [&str; 2] = ["Object", "Omit"];

/// Names that methods of a class cannot have, or not without changing what its objects are.
pub(crate) const METHODS: [&str; 10] = [
    "checkContract",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "then",
    "toJSON",
    "toLocaleString",
    "toString",
    "valueOf",
];
