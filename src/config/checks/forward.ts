import type { PlainValue } from '../document.js';
import type { CrossFault } from '../fault.js';
import { valueAt } from '../wording.js';

const TLS_KEYS = ['ca', 'servername', 'clientCertificate', 'clientKey'] as const;

/** What is wrong between the keys of one syslog receiver, and between receivers. */
export function forwardFaults(value: PlainValue): CrossFault[] {
  const items = valueAt(value, ['audit', 'forward', 'syslog']);
  if (!Array.isArray(items)) return [];
  const seen = new Set<string>();
  return items.flatMap((item: PlainValue, index) => {
    const at = (key: string) => ['audit', 'forward', 'syslog', index, key];
    const has = (key: string) => valueAt(item, [key]) !== undefined;
    const transport = valueAt(item, ['transport']) ?? 'tls';
    const faults: CrossFault[] = [];
    if (transport !== 'tls') {
      for (const key of TLS_KEYS.filter(has))
        faults.push({ path: at(key), text: `is used by transport: tls alone; remove it, or set that` });
    }
    if (has('clientCertificate') !== has('clientKey')) {
      const [there, missing] = has('clientKey') ? ['clientKey', 'clientCertificate'] : ['clientCertificate', 'clientKey'];
      faults.push({ path: at(there), text: `has no use without ${missing}; add it` });
    }
    const name = JSON.stringify([valueAt(item, ['host']), valueAt(item, ['port']), transport]);
    if (seen.has(name)) faults.push({ path: at('host'), text: 'is named twice; remove one of the two' });
    seen.add(name);
    return faults;
  });
}
