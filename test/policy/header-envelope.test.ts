import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.js';
import { errorOf, inputOf, type Situation } from './input.js';

const BOB = 'bob@example.net';
const CAROL = 'carol@example.org';

function situation(change: Situation, sender: 'lines' | 'header' = 'lines'): Situation {
  return { ...change, defaults: { ...change.defaults, pickupEnvelope: { sender, recipients: 'header' } } };
}
const refusal = (change: Situation, sender?: 'lines' | 'header') => errorOf(() => decide(inputOf(situation(change, sender))));

describe('an MTA that reads the recipients from To and Cc', () => {
  it('gets a copy for all who stand there', () => {
    expect(decide(inputOf(situation({ to: [BOB, CAROL] }))).copies).toHaveLength(1);
  });

  it('gets no mail with a blind recipient, who would get nothing', () => {
    const error = refusal({ to: [BOB], blind: [CAROL] });
    expect(error).toMatchObject({ code: 'envelope-not-in-header', disposition: 'quarantine' });
    expect(error.message).toContain(`${CAROL} would not get it`);
    expect(error.cure).toContain('via: smtp');
  });

  it('gets no two copies, of which everybody would get both', () => {
    const error = refusal({ to: [BOB, CAROL], curves: [CAROL], protect: { whenKeysDiffer: 'separate' } });
    expect(error.message).toContain(`the copy for ${BOB} would also be sent to ${CAROL}`);
  });

  it('gets no copy for a part of those in To, the others going another way', () => {
    const rules = [{ name: 'carol', when: { to: [CAROL] }, delivery: { via: 'smtp' as const } }];
    expect(refusal({ to: [BOB, CAROL], rules }).message).toContain(CAROL);
  });

  it('may leave blind recipients to a rule that sends them by SMTP', () => {
    const rules = [{ name: 'carol', when: { to: [CAROL] }, delivery: { via: 'smtp' as const } }];
    const { copies } = decide(inputOf(situation({ to: [BOB], blind: [CAROL], rules })));
    expect(copies.map(({ via, recipients }) => [via, recipients])).toEqual([
      ['pickup', [BOB]],
      ['smtp', [CAROL]],
    ]);
  });

  it('may be told another sender where a line says it, and not where the header does', () => {
    const bounces = { to: [BOB], sender: 'bounces@example.com' };
    expect(decide(inputOf(situation(bounces))).sender).toBe('bounces@example.com');
    expect(refusal(bounces, 'header').message).toContain('bounces would go to alice@example.com instead of bounces@example.com');
    expect(decide(inputOf(situation({ ...bounces, headerSender: 'bounces@example.com' }, 'header'))).copies).toHaveLength(1);
  });

  it('is no concern of mail that goes by SMTP', () => {
    expect(decide(inputOf(situation({ to: [BOB], blind: [CAROL], defaults: { via: 'smtp' } }))).copies).toHaveLength(2);
  });
});
