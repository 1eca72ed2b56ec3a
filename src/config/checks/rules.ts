import { type PickupProfile, type PickupProfileName, pickupProfiles } from '../../delivery/pickup/profile.js';
import type { PlainValue } from '../document.js';
import type { CrossFault, KeyPath } from '../fault.js';
import { valueAt } from '../wording.js';
import { DEFAULTS, isPresent } from './present.js';
import { missingSection } from './way.js';

/** What is wrong between rules, or between a rule and the ways it names. */
export function ruleFaults(value: PlainValue): CrossFault[] {
  const rules = valueAt(value, ['rules']);
  if (!Array.isArray(rules)) return [];
  const faults: CrossFault[] = [];
  const names = new Map<string, number>();
  const matchesAll = rules.findIndex((_, index) => isEmptyMap(valueAt(value, ['rules', index, 'when'])));
  for (const index of rules.keys()) {
    const name = valueAt(value, ['rules', index, 'name']);
    if (typeof name === 'string') {
      const earlier = names.get(name);
      if (earlier === undefined) names.set(name, index);
      else faults.push({ path: ['rules', index, 'name'], text: `is also the name of rules[${earlier}]; give each rule a name of its own` });
    }
    const path: KeyPath = ['rules', index, 'delivery', 'via'];
    faults.push(...missingSection(value, path, valueAt(value, path)));
    if (matchesAll >= 0 && index > matchesAll) {
      faults.push({
        path: ['rules', index],
        text: `never applies, because rules[${matchesAll}] matches everything (when: {}); move it before that rule`,
      });
    }
  }
  return faults;
}

/** What a rule tells the MTA would be told to nobody where the MTA's files have no place for it. */
export function uncarriedFaults(value: PlainValue): CrossFault[] {
  const name = valueAt(value, ['delivery', 'pickup', 'profile']);
  const rules = valueAt(value, ['rules']);
  if (typeof name !== 'string' || !Object.hasOwn(pickupProfiles, name) || !Array.isArray(rules)) return [];
  const { carries }: PickupProfile = pickupProfiles[name as PickupProfileName];
  const words = { job: 'x-job', virtualMta: 'x-virtual-mta' } as const;
  return [...rules.keys()].flatMap((index) => {
    const via = valueAt(value, ['rules', index, 'delivery', 'via']) ?? valueAt(value, ['delivery', 'via']) ?? DEFAULTS.delivery.via;
    if (via !== 'pickup') return [];
    return (['job', 'virtualMta'] as const)
      .map((key): KeyPath => ['rules', index, 'delivery', key])
      .filter((path) => isPresent(value, path) && !carries.includes(words[path.at(-1) as keyof typeof words]))
      .map((path) => ({ path, text: `has no place in pickup files of the profile ${name}; take it out` }));
  });
}

function isEmptyMap(value: PlainValue | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
