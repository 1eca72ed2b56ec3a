import { describe, expect, it } from 'vitest';
import { policyByHand } from '../../src/cli/send-policy.js';
import { type Config, configSchema } from '../../src/config/schema.js';

const pickup = { directory: '/mta/pickup', staging: '/mta/staging', bad: '/mta/bad' };
const nothing = { sign: undefined, encrypt: false } as const;

function configured(more: object): Config {
  return configSchema.parse({ delivery: { pickup }, ...more });
}

describe('the policy for a message sent by hand', () => {
  it('does nothing when nothing is asked for and there is no configuration, and says so in full', () => {
    const { protect, rules } = policyByHand(undefined, nothing, 'smtp', {});
    expect(protect).toMatchObject({ sign: 'none', encrypt: 'none' });
    expect(rules).toEqual([{ name: 'as asked for', when: {}, protect: { sign: 'none', encrypt: 'none' } }]);
  });

  it('requires encryption, not only tries it, when that is asked for', () => {
    expect(policyByHand(undefined, { sign: 'opaque', encrypt: true }, 'smtp', {}).rules[0]?.protect).toEqual({
      sign: 'opaque',
      encrypt: 'required',
    });
  });

  it('seals what is already signed or encrypted, whose nature the person knows', () => {
    expect(policyByHand(undefined, nothing, 'smtp', {}).protect).toMatchObject({ alreadySigned: 'seal', alreadyEncrypted: 'seal' });
  });

  it('adds the signature that is asked for also where a rule would pass another’s', () => {
    const config = configured({ rules: [{ name: 'pass', when: {}, protect: { alreadySigned: 'pass' } }] });
    const protectOf = (sign: 'opaque' | undefined) => policyByHand(config, { sign, encrypt: false }, 'smtp', {}).rules[0]?.protect;
    expect(protectOf('opaque')).toEqual({ sign: 'opaque', alreadySigned: 'seal' });
    expect(protectOf(undefined)).toEqual({ alreadySigned: 'pass' });
  });

  it('takes the server from the environment', () => {
    const { delivery } = policyByHand(undefined, nothing, 'smtp', { SMTP_HOST: 'mx.example.net', SMTP_PORT: '587' });
    expect(delivery.smtp).toMatchObject({ host: 'mx.example.net', port: 587 });
  });

  it('is the configuration’s own when no flag is given', () => {
    const config = configured({ rules: [{ name: 'clear', when: { to: '*@example.org' }, protect: { encrypt: 'none' } }] });
    const by = policyByHand(config, nothing, 'pickup', {});
    expect(by.protect).toEqual(config.protect);
    expect(by.rules.map(({ protect }) => protect)).toEqual([{ encrypt: 'none' }]);
  });

  it('adds to every rule what is asked for, and takes nothing away', () => {
    const config = configured({
      protect: { encrypt: 'required', sign: 'detached' },
      rules: [{ name: 'clear', when: { to: '*@example.org' }, protect: { encrypt: 'none', content: 'aes-256-gcm', clearCopies: 'allow' } }],
    });
    expect(policyByHand(config, { sign: undefined, encrypt: true }, 'smtp', {}).rules[0]?.protect).toEqual({
      encrypt: 'required',
      content: 'aes-256-gcm',
      clearCopies: 'refuse',
    });
    const signed = policyByHand(config, { sign: 'opaque', encrypt: false }, 'smtp', {});
    expect(signed.protect).toMatchObject({ encrypt: 'required', sign: 'opaque' });
    expect(signed.rules[0]?.protect).toMatchObject({ encrypt: 'none', sign: 'opaque' });
  });

  it('lets every copy go the way that is asked for, whatever the rules say', () => {
    const config = configured({ rules: [{ name: 'out', when: {}, delivery: { via: 'pickup', job: 'j1' } }] });
    const by = policyByHand(config, nothing, 'smtp', {});
    expect(by.delivery.via).toBe('smtp');
    expect(by.rules[0]?.delivery).toEqual({ via: 'smtp', job: 'j1' });
  });
});
