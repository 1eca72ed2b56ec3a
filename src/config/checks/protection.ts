import type { PlainValue } from '../document.js';
import type { CrossFault, KeyPath } from '../fault.js';
import { valueAt } from '../wording.js';
import { DEFAULTS } from './present.js';

/** What is wrong between the keys of `protect`, of its own or of a rule's. */
export function protectionFaults(value: PlainValue): CrossFault[] {
  return [...unsealedFaults(value), ...floorFaults(value), ...tripleWrapFaults(value)];
}

function unsealedFaults(value: PlainValue): CrossFault[] {
  if (valueAt(value, ['protect', 'sign']) !== 'none' || valueAt(value, ['protect', 'encrypt']) !== 'none') return [];
  const text = 'with sign: none all mail would pass unsealed; write a rule that says both for the mail that may';
  return [{ path: ['protect', 'encrypt'], text }];
}

/** A floor beside a named cipher would look like a promise, and change nothing; but for the default, which stands in the file `init` writes. */
function floorFaults(value: PlainValue): CrossFault[] {
  const isAuto = (path: KeyPath) => (valueAt(value, [...path, 'content']) ?? valueAt(value, ['protect', 'content'])) === 'auto';
  const rules = valueAt(value, ['rules']);
  const rulePaths = Array.isArray(rules) ? [...rules.keys()].map((index): KeyPath => ['rules', index, 'protect']) : [];
  const general: KeyPath = ['protect'];
  const wanting = rulePaths.filter((path) => !isAuto(path));
  if (![general, ...rulePaths].some(isAuto)) wanting.push(general);
  return wanting.flatMap((path) => {
    const text = 'has no use where content names a cipher; set content: auto, or name the cipher itself';
    const floor = valueAt(value, [...path, 'contentAtLeast']) ?? DEFAULTS.protect.contentAtLeast;
    return floor !== DEFAULTS.protect.contentAtLeast ? [{ path: [...path, 'contentAtLeast'], text }] : [];
  });
}

/** What a rule does not say, protect says. */
function tripleWrapFaults(value: PlainValue): CrossFault[] {
  const rules = valueAt(value, ['rules']);
  const sections: KeyPath[] = [
    ['protect'],
    ...(Array.isArray(rules) ? [...rules.keys()].map((index): KeyPath => ['rules', index, 'protect']) : []),
  ];
  return sections.flatMap((section) => {
    const path = [...section, 'tripleWrap'];
    const sign = valueAt(value, [...section, 'sign']) ?? valueAt(value, ['protect', 'sign']);
    const text = 'is on, but with sign: none nothing is signed; set sign to auto, opaque or detached';
    return valueAt(value, path) === 'on' && sign === 'none' ? [{ path, text }] : [];
  });
}
