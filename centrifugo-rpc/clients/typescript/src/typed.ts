// What generated clients call methods with: the params are checked on their way out, and the results on their way in.

import type { Caller } from './client.js';
import { type Contract, ContractMismatchError } from './contract.js';
import { DecodeError, EncodeError } from './errors.js';
import type { CallOptions } from './options.js';
import { type Codec, Mismatch, string, struct, u32 } from './schema.js';

/** Calls a method. Without a codec of params it takes none. */
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

/** Why a codec did not take a value. */
function mismatch(error: unknown): Mismatch {
  if (error instanceof Mismatch) return error;
  // The engine's word for recursion without end.
  if (error instanceof RangeError) return new Mismatch('the value is nested too deeply, or contains itself');
  throw error;
}

/** Asks the service for its contract, and throws unless it has this hash. */
export async function checkContract(rpc: Caller, hash: string, options: CallOptions | undefined): Promise<Contract> {
  const codec = struct({ hash: string, version: u32 });
  const contract = await call<Contract>(rpc, 'system.contract', undefined, undefined, codec, options);
  if (contract.hash !== hash) throw new ContractMismatchError(hash, contract.hash);
  return contract;
}
