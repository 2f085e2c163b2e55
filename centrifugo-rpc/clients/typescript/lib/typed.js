// The functions through which generated clients call methods. They check params before sending, and results on arrival.
import { ContractMismatchError } from './contract.js';
import { DecodeError, EncodeError } from './errors.js';
import { Mismatch, string, struct, u32 } from './schema.js';
import { CONTRACT_METHOD } from './wire.js';
/** Calls a method. A method without `paramsCodec` has no params. */
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
/** Returns the reason why a codec rejected a value. */
function mismatch(error) {
    if (error instanceof Mismatch)
        return error;
    // JavaScript engines throw a `RangeError` for unbounded recursion.
    if (error instanceof RangeError)
        return new Mismatch('the value is nested too deeply, or contains itself');
    throw error;
}
/** Requests the contract of the service. Throws a `ContractMismatchError` if it has another hash. */
export async function checkContract(rpc, hash, options) {
    const codec = struct({ hash: string, version: u32 });
    const contract = await call(rpc, CONTRACT_METHOD, undefined, undefined, codec, options);
    if (contract.hash !== hash)
        throw new ContractMismatchError(hash, contract.hash);
    return contract;
}
