// The functions through which generated clients call methods. They check params before sending, and results on arrival.

import type { Caller } from './client.js';
import { type Contract, ContractMismatchError } from './contract.js';
import { DecodeError, EncodeError } from './errors.js';
import type { CallOptions } from './options.js';
import { type Codec, Mismatch, string, struct, u32 } from './schema.js';
import { CONTRACT_METHOD } from './wire.js';

/** Calls a method. A method without `paramsCodec` has no params. */
export async function call<T>(
  rpc: Caller,
  method: string,
  paramsCodec: Codec | undefined,
  params: unknown,
  resultCodec: Codec,
  options: CallOptions | undefined,
): Promise<T> {
  const result = await rpc.call(method, written(method, paramsCodec, params), options);
  try {
    return resultCodec(result, 'read') as T;
  } catch (error) {
    const { path, reason } = mismatch(error);
    throw new DecodeError(method, path, reason);
  }
}

/** Notifies a method. */
export async function notify(
  rpc: Caller,
  method: string,
  paramsCodec: Codec | undefined,
  params: unknown,
  options: CallOptions | undefined,
): Promise<void> {
  await rpc.notify(method, written(method, paramsCodec, params), options);
}

function written(method: string, codec: Codec | undefined, params: unknown): unknown {
  if (codec === undefined) return undefined;
  try {
    return codec(params, 'write');
  } catch (error) {
    const { path, reason } = mismatch(error);
    throw new EncodeError(method, path, reason);
  }
}

/** Returns the reason why a codec rejected a value. */
function mismatch(error: unknown): Mismatch {
  if (error instanceof Mismatch) return error;
  // JavaScript engines throw a `RangeError` for unbounded recursion.
  if (error instanceof RangeError) return new Mismatch('the value is nested too deeply, or contains itself');
  throw error;
}

/** Requests the contract of the service. Throws a `ContractMismatchError` if it has another hash. */
export async function checkContract(rpc: Caller, hash: string, options: CallOptions | undefined): Promise<Contract> {
  const codec = struct({ hash: string, version: u32 });
  const contract = await call<Contract>(rpc, CONTRACT_METHOD, undefined, undefined, codec, options);
  if (contract.hash !== hash) throw new ContractMismatchError(hash, contract.hash);
  return contract;
}
