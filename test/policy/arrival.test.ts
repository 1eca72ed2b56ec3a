import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../src/policy/arrival.js';
import { decide } from '../../src/policy/decide.js';
import type { Protection } from '../../src/policy/protection.js';
import type { Rule } from '../../src/policy/rule.js';
import type { AlreadyProtected } from '../../src/smime/already-protected.js';
import { errorOf, inputOf, type Situation } from './input.js';

const BOB = 'bob@example.net';
const CAROL = 'carol@example.org';
const SIGNED: AlreadyProtected = { kind: 'signed', by: 'smime', form: 'multipart' };
const ENCRYPTED: AlreadyProtected = { kind: 'encrypted', by: 'smime', form: 'opaque' };
const PGP: AlreadyProtected = { kind: 'encrypted', by: 'openpgp', form: 'multipart' };

interface Came {
  readonly already: AlreadyProtected;
  readonly fault?: string;
  readonly encryptedTo?: readonly string[];
}

function input({ already, fault, encryptedTo = [] }: Came, situation: Situation) {
  const arrival: Arrival = { already, fault: () => fault, isEncryptedTo: (address) => encryptedTo.includes(address) };
  return { ...inputOf(situation), arrival };
}

function plan(came: Came, situation: Situation) {
  return decide(input(came, situation));
}

function refusal(came: Came, situation: Situation) {
  return errorOf(() => decide(input(came, situation)));
}

function rule(protect: Partial<Protection>, to = ['*']): Rule {
  return { name: 'own', when: { to }, protect };
}

describe('what is already signed', () => {
  it('is sealed like any other content when nobody says otherwise', () => {
    const { copies, decisions } = plan({ already: SIGNED, fault: 'not asked for' }, { to: [BOB] });
    expect(copies).toMatchObject([{ sign: 'opaque', encryptAddresses: [BOB] }]);
    expect(copies[0]).not.toHaveProperty('passed');
    expect(decisions[0]?.why).toMatch(/; it came signed \(S\/MIME, multipart\/signed\) and is sealed like any other content$/);
  });

  it('keeps its signature and is encrypted all the same when it passes', () => {
    const { copies, decisions } = plan({ already: SIGNED }, { to: [BOB], protect: { alreadySigned: 'pass' } });
    expect(copies).toMatchObject([{ sign: 'none', passed: 'signed', encryptAddresses: [BOB] }]);
    expect(decisions[0]?.why).toMatch(/and keeps that signature$/);
  });

  it('leaves as it is when it passes and nothing is to be encrypted', () => {
    const { copies } = plan({ already: SIGNED }, { to: [BOB, CAROL], protect: { alreadySigned: 'pass', encrypt: 'none' } });
    expect(copies).toMatchObject([{ sign: 'none', passed: 'signed', encryptTo: [], recipients: [BOB, CAROL] }]);
  });

  it('leaves no clear copy beside an encrypted one, passed or not', () => {
    const situation = { to: [BOB, CAROL], rules: [rule({ encrypt: 'none', alreadySigned: 'pass' }, [CAROL])] };
    expect(refusal({ already: SIGNED }, situation).code).toBe('clear-copy-refused');
  });

  it('does not pass when its signature is none', () => {
    const { code, message, disposition } = refusal(
      { already: SIGNED, fault: 'its signature is invalid: x' },
      { to: [BOB], protect: { alreadySigned: 'pass' } },
    );
    expect({ code, disposition }).toEqual({ code: 'pass-refused', disposition: 'quarantine' });
    expect(message).toContain('its signature is invalid: x');
  });

  it('is held when it is refused, by whatever rule, and named', () => {
    const error = refusal({ already: SIGNED }, { to: [BOB, CAROL], rules: [rule({ alreadySigned: 'refuse' }, [CAROL])] });
    expect(error.code).toBe('already-protected');
    expect(error.message).toBe('Mail that is already signed (S/MIME, multipart/signed) is refused by the rule "own".');
    expect(error.cure).toContain('alreadySigned: seal');
  });
});

describe('what is already encrypted', () => {
  it('is held by default', () => {
    expect(refusal({ already: ENCRYPTED, encryptedTo: [BOB] }, { to: [BOB] })).toMatchObject({
      code: 'already-protected',
      disposition: 'quarantine',
    });
  });

  it('is sealed where policy says so', () => {
    const { copies } = plan({ already: ENCRYPTED }, { to: [BOB], protect: { alreadyEncrypted: 'seal' } });
    expect(copies).toMatchObject([{ sign: 'opaque', encryptAddresses: [BOB] }]);
  });

  const pass = { alreadyEncrypted: 'pass' } as const;

  it('passes when it is encrypted to every recipient, in one copy', () => {
    const { copies, decisions } = plan({ already: ENCRYPTED, encryptedTo: [BOB, CAROL] }, { to: [BOB, CAROL], protect: pass });
    expect(copies).toMatchObject([{ sign: 'none', passed: 'encrypted', recipients: [BOB, CAROL], encryptTo: [], encryptAddresses: [] }]);
    expect(decisions[0]).toMatchObject({ encrypt: true });
    expect(decisions[0]?.why).toMatch(/it came encrypted \(S\/MIME, application\/pkcs7-mime\) and leaves as it is$/);
  });

  it('does not pass when it is not encrypted to one of them', () => {
    const error = refusal({ already: ENCRYPTED, encryptedTo: [BOB] }, { to: [BOB, CAROL], protect: pass });
    expect(error.code).toBe('pass-refused');
    expect(error.message).toContain(`encryption is required for ${CAROL}, and it is not encrypted to the certificate known for them`);
  });

  it('does not pass to a recipient without a certificate where encryption is required', () => {
    const situation = { to: [BOB], protect: pass, faults: { [BOB]: 'missing-certificate' } };
    expect(refusal({ already: ENCRYPTED, encryptedTo: [] }, situation).code).toBe('missing-certificate');
  });

  it('does not pass when it only says so', () => {
    for (const encrypt of ['required', 'whenPossible', 'none'] as const) {
      const error = refusal({ already: ENCRYPTED, fault: 'it is text', encryptedTo: [BOB] }, { to: [BOB], protect: { ...pass, encrypt } });
      expect(error).toMatchObject({ code: 'pass-refused', message: expect.stringContaining('it is text') });
    }
  });

  it('passes to anybody where encryption is not required', () => {
    const situation = { to: [BOB], protect: { ...pass, encrypt: 'whenPossible' as const }, faults: { [BOB]: 'missing-certificate' } };
    expect(plan({ already: ENCRYPTED }, situation).copies).toMatchObject([{ passed: 'encrypted' }]);
  });

  it('is no clear copy beside one that must be encrypted', () => {
    const rules = [rule({ ...pass, encrypt: 'none' }, [CAROL])];
    const { copies } = plan({ already: ENCRYPTED }, { to: [BOB, CAROL], protect: { alreadyEncrypted: 'seal' }, rules });
    expect(copies).toMatchObject([
      { recipients: [BOB], sign: 'opaque' },
      { recipients: [CAROL], passed: 'encrypted' },
    ]);
  });

  it('does not pass when it would name a blind recipient to the others', () => {
    const both = { already: ENCRYPTED, encryptedTo: [BOB, CAROL] };
    expect(refusal(both, { to: [BOB], blind: [CAROL], protect: pass }).message).toContain(`it may name the blind recipient ${CAROL}`);
    expect(plan(both, { blind: [CAROL], protect: pass }).copies).toMatchObject([{ passed: 'encrypted', recipients: [CAROL] }]);
  });

  it('with OpenPGP passes by a rule of its own alone, and without certificates', () => {
    const faults = { [BOB]: 'missing-certificate' };
    expect(refusal({ already: PGP }, { to: [BOB], protect: pass, faults }).code).toBe('pass-refused');
    expect(plan({ already: PGP }, { to: [BOB], rules: [rule(pass)], faults }).copies).toMatchObject([{ passed: 'encrypted' }]);
    expect(refusal({ already: PGP }, { to: [BOB], blind: [CAROL], rules: [rule(pass)] }).message).toContain('blind recipient');
  });
});

it('certificates alone are ordinary content, whatever policy says of the rest', () => {
  const came = { already: { kind: 'certs-only', by: 'smime', form: 'opaque' } } as const;
  const { copies } = plan(came, { to: [BOB], protect: { alreadySigned: 'refuse', alreadyEncrypted: 'refuse' } });
  expect(copies).toMatchObject([{ sign: 'opaque' }]);
});

describe('a triple wrap', () => {
  const outerOf = (protect: Partial<Protection>) =>
    plan({ already: SIGNED }, { to: [BOB], protect: { tripleWrap: 'on', ...protect } }).copies[0];

  it('has the form of a signature that everybody sees outside, and the usual one inside', () => {
    expect(outerOf({})).toMatchObject({ sign: 'opaque', outerSign: 'detached' });
    expect(outerOf({ sign: 'opaque' })).toMatchObject({ sign: 'opaque', outerSign: 'opaque' });
    expect(outerOf({ sign: 'detached' })).toMatchObject({ sign: 'detached', outerSign: 'detached' });
  });

  it('is made of what came signed too', () => {
    expect(outerOf({ alreadySigned: 'pass' })).toMatchObject({ sign: 'none', passed: 'signed', outerSign: 'detached' });
  });

  it('is not made of clear copies, nor where nothing is signed', () => {
    expect(outerOf({ encrypt: 'none' })).not.toHaveProperty('outerSign');
    expect(outerOf({ sign: 'none' })).not.toHaveProperty('outerSign');
  });
});
