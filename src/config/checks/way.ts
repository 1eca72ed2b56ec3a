import { WAYS, type Way } from '../../way.js';
import type { PlainValue } from '../document.js';
import type { CrossFault, KeyPath } from '../fault.js';
import { isPresent } from './present.js';

/** A way that is named at `path` needs its section. */
export function missingSection(value: PlainValue, path: KeyPath, way: PlainValue | undefined): CrossFault[] {
  if (way === undefined || !isWay(way) || isPresent(value, ['delivery', way])) return [];
  return [{ path, text: `is ${way}, but the section delivery.${way} is missing; ${NEEDED[way]}` }];
}

const NEEDED: Readonly<Record<Way, string>> = {
  pickup: 'add it with directory, staging and bad',
  smtp: 'add it with host, or set SMTP_HOST in the environment',
  sparkpost: 'add it with apiKeyFile, or set SPARKPOST_API_KEY in the environment',
  sendmail: 'add it with program',
  kumomta: 'add it with url',
};

export function isWay(via: PlainValue): via is Way {
  return WAYS.some((way) => way === via);
}
