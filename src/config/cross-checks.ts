import { archiveFaults } from './checks/archive.js';
import { deliveryFaults } from './checks/delivery.js';
import { overlapFaults } from './checks/directories.js';
import { forwardFaults } from './checks/forward.js';
import { orderFaults } from './checks/order.js';
import { protectionFaults } from './checks/protection.js';
import { ruleFaults, uncarriedFaults } from './checks/rules.js';
import type { PlainValue } from './document.js';
import type { CrossFault } from './fault.js';

/**
 * What is wrong between keys that are each well-formed. Reads the file's values and not the finished configuration, so that a
 * fault in one key does not hide one elsewhere; a value that is not well-formed is left to the schema.
 * `directory` is the one relative paths start from.
 */
export function faultsAcrossKeys(value: PlainValue, directory: string): CrossFault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return [
    ...deliveryFaults(value),
    ...ruleFaults(value),
    ...uncarriedFaults(value),
    ...overlapFaults(value, directory),
    ...orderFaults(value),
    ...protectionFaults(value),
    ...archiveFaults(value),
    ...forwardFaults(value),
  ];
}
