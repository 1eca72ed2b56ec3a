import { isLoopback } from '../../delivery/smtp/servers.js';
import type { PlainValue } from '../document.js';
import type { CrossFault, KeyPath } from '../fault.js';
import { valueAt } from '../wording.js';
import { DEFAULTS, isPresent } from './present.js';
import { smtpFaults } from './smtp.js';
import { isWay, missingSection } from './way.js';

/** What is wrong between the keys of `delivery`. */
export function deliveryFaults(value: PlainValue): CrossFault[] {
  const via = valueAt(value, ['delivery', 'via']) ?? DEFAULTS.delivery.via;
  return [...missingSection(value, ['delivery', 'via'], via), ...fallbackFaults(value), ...smtpFaults(value), ...kumomtaFaults(value)];
}

function fallbackFaults(value: PlainValue): CrossFault[] {
  const path: KeyPath = ['delivery', 'fallback'];
  const fallback = valueAt(value, path);
  if (fallback === undefined || !isWay(fallback)) return [];
  const useless: CrossFault[] = isPresent(value, ['delivery', 'pickup'])
    ? []
    : [{ path, text: 'has no use without delivery.pickup; take it out' }];
  return [...useless, ...missingSection(value, path, fallback)];
}

/** A password goes with a user, and over no wire in clear. */
function kumomtaFaults(value: PlainValue): CrossFault[] {
  const faults: CrossFault[] = [];
  if (isPresent(value, ['delivery', 'kumomta', 'passwordFile']) && !isPresent(value, ['delivery', 'kumomta', 'user']))
    faults.push({ path: ['delivery', 'kumomta', 'passwordFile'], text: 'has no use without a user; add delivery.kumomta.user' });
  const url = valueAt(value, ['delivery', 'kumomta', 'url']);
  if (typeof url === 'string' && isClearToOthers(url) && isPresent(value, ['delivery', 'kumomta', 'user'])) {
    faults.push({ path: ['delivery', 'kumomta', 'url'], text: 'would carry the password in clear to another host; write https://' });
  }
  return faults;
}

function isClearToOthers(text: string): boolean {
  if (!/^http:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return false;
  const { hostname } = new URL(text);
  return hostname !== 'localhost' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
}
