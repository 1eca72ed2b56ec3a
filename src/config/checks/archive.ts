import type { PlainValue } from '../document.js';
import type { CrossFault } from '../fault.js';
import { valueAt } from '../wording.js';

/** Whoever says both has not decided whether the archive may be read. */
export function archiveFaults(value: PlainValue): CrossFault[] {
  const encryptTo = valueAt(value, ['archive', 'encryptTo']);
  if (valueAt(value, ['archive', 'plaintext']) !== true || !Array.isArray(encryptTo) || encryptTo.length === 0) return [];
  const text = 'says that originals are kept unencrypted, and archive.encryptTo says to whom they are encrypted; take one of them out';
  return [{ path: ['archive', 'plaintext'], text }];
}
