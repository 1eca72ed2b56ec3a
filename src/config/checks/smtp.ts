import type { PlainValue } from '../document.js';
import type { CrossFault } from '../fault.js';
import { valueAt } from '../wording.js';

const SECTION = ['delivery', 'smtp'] as const;

/** What is wrong between the keys of `delivery.smtp`. */
export function smtpFaults(value: PlainValue): CrossFault[] {
  const section = valueAt(value, SECTION);
  // What is not a section is the schema's to refuse.
  if (section === undefined || section === null || typeof section !== 'object' || Array.isArray(section)) return [];
  const faults: CrossFault[] = [];
  const get = (key: string) => valueAt(section, [key]);
  const has = (key: string) => get(key) !== undefined;
  const fault = (key: string, text: string) => faults.push({ path: [...SECTION, key], text });
  const isSparkPost = get('profile') === 'sparkpost';
  const tls = get('tls') ?? (isSparkPost ? 'required' : 'opportunistic');

  if (has('hosts') && has('host')) fault('hosts', 'stands beside host; use one of the two');
  if (!has('hosts') && !has('host') && !isSparkPost) fault('host', 'is missing; write for example mail.example.com');

  for (const key of ['ca', 'fingerprints'])
    if (has(key) && (tls === 'opportunistic' || tls === 'none'))
      fault(key, `is not looked at with tls: ${tls}; set tls to required or implicit`);
  for (const key of ['servername', 'clientCertificate', 'clientKey'])
    if (has(key) && tls === 'none') fault(key, 'has no use with tls: none; remove it, or use TLS');
  if (has('clientCertificate') !== has('clientKey')) {
    const [there, other] = has('clientKey') ? ['clientKey', 'clientCertificate'] : ['clientCertificate', 'clientKey'];
    fault(there, `has no use without ${other}; add delivery.smtp.${other}`);
  }
  faults.push(...loginFaults(section, isSparkPost));
  if (isSparkPost) {
    faults.push(...atMost(section, 'connections', 10), ...atMost(section, 'messagesPerConnection', 100));
  }
  const notify = valueAt(section, ['dsn', 'notify']);
  if (Array.isArray(notify) && notify.includes('never') && notify.length > 1)
    faults.push({ path: [...SECTION, 'dsn', 'notify'], text: 'names never and something else; never stands alone' });
  return faults;
}

function loginFaults(section: PlainValue, hasUser: boolean): CrossFault[] {
  const has = (key: string) => valueAt(section, [key]) !== undefined;
  const auth = valueAt(section, ['auth']) ?? 'auto';
  const fault = (key: string, text: string): CrossFault => ({ path: [...SECTION, key], text });
  const faults: CrossFault[] = [];
  for (const key of ['passwordFile', 'tokenFile'])
    if (has(key) && !has('user') && !hasUser) faults.push(fault(key, 'has no use without a user; add delivery.smtp.user'));
  if (auth !== 'auto' && !has('user') && !hasUser) faults.push(fault('auth', 'has no use without a user; add delivery.smtp.user'));
  if (auth === 'xoauth2' && !has('tokenFile')) faults.push(fault('auth', 'is xoauth2, which needs a token; add delivery.smtp.tokenFile'));
  if (auth === 'xoauth2' && has('passwordFile')) faults.push(fault('passwordFile', 'has no use with auth: xoauth2; remove one of the two'));
  if (auth !== 'xoauth2' && has('tokenFile'))
    faults.push(fault('tokenFile', 'is used by auth: xoauth2 alone; set delivery.smtp.auth to it'));
  return faults;
}

/** SparkPost's published limits for SMTP. */
function atMost(section: PlainValue, key: string, limit: number): CrossFault[] {
  const given = valueAt(section, [key]);
  const text = `is more than SparkPost allows, ${limit}; lower it`;
  return typeof given === 'number' && given > limit ? [{ path: [...SECTION, key], text }] : [];
}
