import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SealdropError } from '../../src/errors.js';
import { decide } from '../../src/policy/decide.js';
import type { CopyPlan, Plan } from '../../src/policy/plan.js';
import type { Protection } from '../../src/policy/protection.js';
import type { Rule } from '../../src/policy/rule.js';
import type { ContentCipher } from '../../src/smime/algorithms.js';
import { inputOf, PROTECT, type Situation } from './input.js';

const CIPHERS: readonly ContentCipher[] = ['aes-256-gcm', 'chacha20-poly1305', 'aes-128-gcm', 'aes-256-cbc', 'aes-192-cbc', 'aes-128-cbc'];
const DOMAINS = ['a.example', 'b.example', 'c.example'];

const partialProtection: fc.Arbitrary<Partial<Protection>> = fc.record(
  {
    sign: fc.constantFrom('auto', 'opaque', 'detached', 'none'),
    encrypt: fc.constantFrom('required', 'whenPossible', 'none'),
    content: fc.constantFrom('aes-256-cbc', 'aes-256-gcm', 'auto'),
    contentAtLeast: fc.constantFrom('aes-128-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm'),
    whenCiphersDiffer: fc.constantFrom('together', 'separate'),
    whenKeysDiffer: fc.constantFrom('separate', 'together'),
    clearCopies: fc.constantFrom('refuse', 'allow'),
  },
  { requiredKeys: [] },
);

const rule: fc.Arbitrary<Rule> = fc.record(
  {
    name: fc.constantFrom('one', 'two', 'three'),
    when: fc.record(
      { to: fc.array(fc.constantFrom('*', ...DOMAINS.map((domain) => `*@${domain}`)), { minLength: 1 }) },
      { requiredKeys: [] },
    ),
    protect: partialProtection,
    delivery: fc.record({ via: fc.constantFrom('pickup', 'smtp') }, { requiredKeys: [] }),
  },
  { requiredKeys: ['name', 'when'] },
);

const recipients = fc.uniqueArray(
  fc.record({
    local: fc.integer({ min: 0, max: 30 }),
    domain: fc.constantFrom(...DOMAINS),
    visible: fc.boolean(),
    certificate: fc.integer({ min: 0, max: 9 }),
    curve: fc.boolean(),
    reads: fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 2, arbitrary: fc.shuffledSubarray([...CIPHERS], { minLength: 1 }) },
    ),
  }),
  { minLength: 1, maxLength: 25, selector: ({ local, domain }) => `${local}@${domain}` },
);

const situation: fc.Arbitrary<Situation> = fc
  .record({
    people: recipients,
    rules: fc.array(rule, { maxLength: 4 }),
    protect: partialProtection,
    limits: fc.record({ maxRecipientInfos: fc.integer({ min: 1, max: 4 }), maxReceivers: fc.integer({ min: 1, max: 6 }) }),
  })
  .map(({ people, rules, protect, limits }) => {
    const addressed = people.map((person) => ({ ...person, address: `r${person.local}@${person.domain}` }));
    return {
      to: addressed.filter(({ visible }) => visible).map(({ address }) => address),
      blind: addressed.filter(({ visible }) => !visible).map(({ address }) => address),
      rules,
      protect,
      defaults: limits,
      curves: addressed.filter(({ curve }) => curve).map(({ address }) => address),
      reads: Object.fromEntries(addressed.map(({ address, reads }) => [address, reads])),
      faults: Object.fromEntries(
        addressed.filter(({ certificate }) => certificate === 0).map(({ address }) => [address, 'missing-certificate']),
      ),
    };
  });

/** What the rules say for an address, told apart from the code under test: only the patterns used here are known. */
function protectionFor(address: string, { rules = [], protect = {} }: Situation): Protection {
  const found = rules.find(
    ({ when }) => when.to === undefined || when.to.some((pattern) => pattern === '*' || address.endsWith(pattern.slice(1))),
  );
  return { ...PROTECT, ...protect, ...found?.protect };
}

/** Calls `check` for every situation in which there is a plan; fails if there were hardly any. */
function forEveryPlan(check: (plan: Plan, given: Situation) => void): void {
  let plans = 0;
  fc.assert(
    fc.property(situation, (given) => {
      let plan: Plan;
      try {
        plan = decide(inputOf(given));
      } catch (error) {
        expect(error).toBeInstanceOf(SealdropError);
        return;
      }
      plans++;
      check(plan, given);
    }),
    { numRuns: 1000 },
  );
  expect(plans).toBeGreaterThan(200);
}

describe('whatever the rules, certificates and recipients, a plan', () => {
  it('holds no clear copy when a rule that applies requires encryption and does not allow clear copies', () => {
    let judged = 0;
    forEveryPlan((plan, given) => {
      const addresses = [...(given.to ?? []), ...(given.blind ?? [])];
      const required = addresses
        .map((address) => protectionFor(address, given))
        .some(({ encrypt, clearCopies }) => encrypt === 'required' && clearCopies === 'refuse');
      if (!required) return;
      judged++;
      expect(plan.copies.filter(({ encryptTo }) => encryptTo.length === 0)).toEqual([]);
    });
    expect(judged).toBeGreaterThan(50);
  });

  it('encrypts for every recipient for whom encryption is required', () => {
    forEveryPlan((plan, given) => {
      for (const copy of plan.copies.filter(({ encryptTo }) => encryptTo.length === 0)) {
        for (const address of copy.recipients) expect(protectionFor(address, given).encrypt).not.toBe('required');
      }
    });
  });

  it('lets no blind recipient share an encrypted copy', () => {
    forEveryPlan((plan, given) => {
      for (const copy of plan.copies.filter(({ encryptTo, recipients }) => encryptTo.length > 0 && recipients.length > 1)) {
        expect(copy.recipients.filter((address) => given.blind?.includes(address))).toEqual([]);
      }
    });
  });

  it('has every recipient in exactly one copy, within the limits', () => {
    forEveryPlan((plan, given) => {
      const addresses = [...(given.to ?? []), ...(given.blind ?? [])];
      expect(plan.copies.flatMap(({ recipients }) => recipients).sort()).toEqual([...addresses].sort());
      expect(plan.copies.map(({ number }) => number)).toEqual(plan.copies.map((_, index) => index + 1));
      for (const { recipients, encryptTo } of plan.copies) {
        expect(recipients.length).toBeLessThanOrEqual(given.defaults?.maxReceivers ?? 0);
        expect(encryptTo.length).toBeLessThanOrEqual(given.defaults?.maxRecipientInfos ?? 0);
      }
    });
  });

  it('encrypts each encrypted copy to exactly its own recipients', () => {
    forEveryPlan((plan) => {
      for (const { recipients, encryptTo, encryptAddresses } of plan.copies) {
        expect(encryptTo).toHaveLength(encryptAddresses.length);
        if (encryptTo.length > 0) expect(encryptAddresses).toEqual(recipients);
      }
    });
  });

  it('leaves no copy unsealed unless a rule says so in full', () => {
    forEveryPlan((plan, given) => {
      for (const copy of plan.copies.filter(({ sign, encryptTo }) => sign === 'none' && encryptTo.length === 0)) {
        expect(copy.rule).not.toBeNull();
        for (const address of copy.recipients) expect(protectionFor(address, given)).toMatchObject({ sign: 'none', encrypt: 'none' });
      }
    });
  });

  it('gives each encrypted copy the cipher that is named for its recipients', () => {
    forEveryPlan((plan, given) => {
      for (const { address, copy } of encrypted(plan)) {
        const { content } = protectionFor(address, given);
        if (content !== 'auto') expect(copy.content).toBe(content);
      }
    });
  });

  it('never goes below the floor with content: auto', () => {
    forEveryPlan((plan, given) => {
      for (const { address, copy } of encrypted(plan)) {
        const { content, contentAtLeast } = protectionFor(address, given);
        if (content === 'auto') expect(CIPHERS.indexOf(copy.content)).toBeLessThanOrEqual(CIPHERS.indexOf(contentAtLeast));
      }
    });
  });

  it('gives every recipient a cipher it reads with content: auto, unless it reads none as strong as the floor', () => {
    let judged = 0;
    forEveryPlan((plan, given) => {
      for (const { address, copy } of encrypted(plan)) {
        const { content, contentAtLeast } = protectionFor(address, given);
        if (content !== 'auto') continue;
        judged++;
        const lawful = readsOf(address, given).filter((cipher) => CIPHERS.indexOf(cipher) <= CIPHERS.indexOf(contentAtLeast));
        expect(lawful.length === 0 ? [contentAtLeast] : lawful).toContain(copy.content);
      }
    });
    expect(judged).toBeGreaterThan(200);
  });

  it('has no copy whose recipients all read something stronger', () => {
    forEveryPlan((plan, given) => {
      for (const copy of plan.copies.filter(({ encryptTo }) => encryptTo.length > 0)) {
        if (copy.recipients.some((address) => protectionFor(address, given).content !== 'auto')) continue;
        const stronger = CIPHERS.slice(0, CIPHERS.indexOf(copy.content));
        const common = stronger.filter((cipher) => copy.recipients.every((address) => readsOf(address, given).includes(cipher)));
        expect(common).toEqual([]);
      }
    });
  });

  it('gives each the strongest it reads where ciphers are kept separate', () => {
    forEveryPlan((plan, given) => {
      for (const { address, copy } of encrypted(plan)) {
        const { content, contentAtLeast, whenCiphersDiffer } = protectionFor(address, given);
        if (content !== 'auto' || whenCiphersDiffer === 'together') continue;
        const [best] = CIPHERS.filter((cipher) => readsOf(address, given).includes(cipher));
        const isLawful = best !== undefined && CIPHERS.indexOf(best) <= CIPHERS.indexOf(contentAtLeast);
        expect(copy.content).toBe(isLawful ? best : contentAtLeast);
      }
    });
  });

  it('keeps RSA and elliptic curve keys in separate copies unless policy says otherwise', () => {
    forEveryPlan((plan, given) => {
      for (const copy of plan.copies.filter(({ encryptTo }) => encryptTo.length > 1)) {
        const kinds = new Set(copy.recipients.map((address) => given.curves?.includes(address)));
        const together = copy.recipients.every((address) => protectionFor(address, given).whenKeysDiffer === 'together');
        if (!together) expect(kinds.size).toBe(1);
      }
    });
  });

  it('has the same copies for visible recipients whoever is blind', () => {
    forEveryPlan((plan, given) => {
      if (given.to?.length === 0) return;
      const isShared = ({ encryptTo, blind }: CopyPlan) => encryptTo.length > 0 && !blind;
      const bare = plan.copies.filter(isShared).map(({ number: _, ...copy }) => copy);
      let without: Plan;
      try {
        without = decide(inputOf({ ...given, blind: [] }));
      } catch {
        return;
      }
      expect(without.copies.filter(isShared).map(({ number: _, ...copy }) => copy)).toEqual(bare);
    });
  });
});

/** What was learnt, told apart from the code under test; AES-256-CBC where nothing was. */
function readsOf(address: string, { reads = {} }: Situation): readonly ContentCipher[] {
  const learnt = reads[address] ?? [];
  return learnt.length === 0 ? ['aes-256-cbc'] : learnt;
}

function encrypted(plan: Plan): { address: string; copy: CopyPlan }[] {
  return plan.copies.flatMap((copy) => (copy.encryptTo.length === 0 ? [] : copy.recipients.map((address) => ({ address, copy }))));
}
