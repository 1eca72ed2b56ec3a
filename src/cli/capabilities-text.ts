import type { LearntCapabilities } from '../smime/capabilities.js';

/** What was learnt of a recipient's mail program, for people. */
export function capabilitiesText({ ciphers, others, signingTime }: LearntCapabilities): string {
  const reads = ciphers.length === 0 ? 'announced no content cipher that is known here' : `reads ${ciphers.join(', ')}`;
  const more = others.length === 0 ? '' : `, and ${others.length} other ${others.length === 1 ? 'thing' : 'things'}`;
  return `${reads}${more} (learnt from mail signed ${signingTime.slice(0, 10)})`;
}
