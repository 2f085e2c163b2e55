export { CentrifugoRPCClient } from './client.js';
export { ContractMismatchError } from './contract.js';
export { CentrifugoRPCError, ConfigError, ConnectionError, DecodeError, EncodeError, RpcError, RpcTimeoutError, UnauthorizedError, codes, } from './errors.js';
