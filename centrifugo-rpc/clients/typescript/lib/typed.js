// What generated clients call methods with: the params are checked on their way out, and the results on their way in.
import { ContractMismatchError } from './contract.js';
import { DecodeError, EncodeError } from './errors.js';
import { Mismatch, string, struct, u32 } from './schema.js';
/** Calls a method. Without a codec of params it takes none. */
export async function call(rpc, method, paramsCodec, params, resultCodec, options) {
    const result = await rpc.call(method, written(method, paramsCodec, params), options);
    try {
        return resultCodec(result, 'read');
    }
    catch (error) {
        const { path, reason } = mismatch(error);
        throw new DecodeError(method, path, reason);
    }
}
/** Notifies a method. */
export async function notify(rpc, method, paramsCodec, params, options) {
    await rpc.notify(method, written(method, paramsCodec, params), options);
}
function written(method, codec, params) {
    if (codec === undefined)
        return undefined;
    try {
        return codec(params, 'write');
    }
    catch (error) {
        const { path, reason } = mismatch(error);
        throw new EncodeError(method, path, reason);
    }
}
/** Why a codec did not take a value. */
function mismatch(error) {
    if (error instanceof Mismatch)
        return error;
    // The engine's word for recursion without end.
    if (error instanceof RangeError)
        return new Mismatch('the value is nested too deeply, or contains itself');
    throw error;
}
/** Asks the service for its contract, and throws unless it has this hash. */
export async function checkContract(rpc, hash, options) {
    const codec = struct({ hash: string, version: u32 });
    const contract = await call(rpc, 'system.contract', undefined, undefined, codec, options);
    if (contract.hash !== hash)
        throw new ContractMismatchError(hash, contract.hash);
    return contract;
}
