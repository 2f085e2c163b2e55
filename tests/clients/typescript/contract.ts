// Checks the contract with a chosen hash, like a client that was generated from another contract.

import { type Caller, type Contract, ContractMismatchError } from './sdk/index.js';
// @ts-expect-error The package has no declarations of internal modules such as this one.
import { checkContract } from './sdk/runtime/typed.js';

export { ContractMismatchError };

export function checkContractOf(rpc: Caller, hash: string): Promise<Contract> {
  return checkContract(rpc, hash, undefined) as Promise<Contract>;
}
