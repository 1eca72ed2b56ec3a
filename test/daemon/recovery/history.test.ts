import { describe, expect, it } from 'vitest';
import type { TrailRecord } from '../../../src/audit/trail.js';
import { historyOf } from '../../../src/daemon/recovery/history.js';
import type { CopyState, Intent, Ticket } from '../../../src/spool/ticket.js';

const copy = (number: number, pending: string[], via: 'pickup' | 'smtp' = 'pickup'): CopyState => ({
  number,
  planned: number,
  via,
  name: `${number}.eml`,
  sizeBytes: 1,
  sha256: '',
  pending,
});
const intentOf = (...copies: CopyState[]): Intent => ({ plan: {}, bootId: 'boot', marker: 'marker', copies });
const ticketWith = (intent: Intent | undefined): Ticket => ({
  version: 1,
  id: 'id',
  file: 'a.eml',
  uid: 0,
  time: '2026-11-25T00:00:00.000Z',
  code: 'code',
  message: '',
  cure: '',
  attempts: 1,
  intent,
});
const records = (...events: [string, object][]): TrailRecord[] =>
  events.map(([event, detail], seq) => ({ seq, event, time: '2026-11-25T00:00:00.000Z', detail }));
const accepted: [string, object] = ['accepted', { file: 'a.eml', door: 'new', uid: 1000, sizeBytes: 1, sha256: 'hash' }];
const pendingOf = (intent: Intent | undefined) => intent?.copies.map(({ pending }) => pending);

describe('historyOf', () => {
  it('knows nothing of a message without records', () => {
    expect(historyOf(undefined, [])).toMatchObject({ accepted: undefined, intent: undefined, setAside: undefined, released: false });
  });

  it('knows of a message whose details are erased that it was destroyed, and decides nothing by the rest', () => {
    const erased = records(accepted, ['intent', {}], ['committed', {}], ['quarantined', {}]).map((record) => ({
      ...record,
      detail: undefined,
    }));
    const history = historyOf(undefined, [...erased, ...records(['purged', { rule: 'x' }])]);
    expect(history).toMatchObject({ destroyed: true, accepted: undefined, intent: undefined, setAside: undefined });
  });

  it('leaves a copy without a result pending', () => {
    const { intent } = historyOf(undefined, records(accepted, ['intent', { intent: intentOf(copy(1, ['a']), copy(2, ['b'])) }]));
    expect(pendingOf(intent)).toEqual([['a'], ['b']]);
  });

  it('takes committed copies off, and not those whose outcome is unknown', () => {
    const committed = {
      copies: [
        { number: 1, name: '', outcome: 'committed' },
        { number: 2, name: '', outcome: 'unknown' },
        { number: 3, name: '', outcome: 'possible-duplicate' },
      ],
    };
    const intent = intentOf(copy(1, ['a']), copy(2, ['b']), copy(3, ['c']));
    expect(pendingOf(historyOf(undefined, records(['intent', { intent }], ['committed', committed])).intent)).toEqual([[], ['b'], []]);
  });

  it('takes accepted and refused recipients off, and not the deferred', () => {
    const sent = {
      copies: [
        {
          number: 1,
          recipients: [
            { address: 'a', status: 'accepted' },
            { address: 'b', status: 'refused' },
            { address: 'c', status: 'deferred' },
          ],
        },
      ],
    };
    const intent = intentOf(copy(1, ['a', 'b', 'c'], 'smtp'));
    expect(pendingOf(historyOf(undefined, records(['intent', { intent }], ['sent', sent])).intent)).toEqual([['c']]);
  });

  it('remembers who was refused, until they are accepted or a person offers them again', () => {
    const intent = intentOf(copy(1, ['a', 'b'], 'smtp'), copy(2, ['c'], 'smtp'));
    const outcome = (number: number, address: string, status: string) => ({
      copies: [{ number, recipients: [{ address, status, code: '550', text: 'no' }] }],
    });
    const refusedOf = (...events: [string, object][]) =>
      historyOf(undefined, records(['intent', { intent }], ['sent', outcome(1, 'a', 'refused')], ...events)).refused;
    const a = { address: 'a', code: '550', text: 'no' };
    expect(refusedOf()).toEqual([a]);
    expect(refusedOf(['sent', outcome(1, 'a', 'refused')], ['sent', outcome(2, 'c', 'refused')])).toEqual([a, { ...a, address: 'c' }]);
    expect(refusedOf(['deferred', { ticket: { ...ticketWith(intent), refused: [a] } }])).toEqual([a]);
    expect(refusedOf(['requeued', { ticket: { ...ticketWith(intent), refused: [a] } }])).toEqual([a]);
    expect(refusedOf(['requeued', { ticket: ticketWith(intent) }])).toEqual([]);
    expect(refusedOf(['requeued', { ticket: ticketWith(intent) }], ['sent', outcome(1, 'a', 'accepted')])).toEqual([]);
  });

  it('finishes a recorded move to quarantine or retry that a kill interrupted', () => {
    const ticket = ticketWith(undefined);
    expect(historyOf(undefined, records(accepted, ['quarantined', { ticket }])).setAside).toEqual({ to: 'quarantine', ticket });
    expect(historyOf(undefined, records(accepted, ['deferred', { ticket }])).setAside).toEqual({ to: 'retry', ticket });
  });

  it('goes on after a person put it back, with the recipients that person offers again', () => {
    const intent = intentOf(copy(1, ['a'], 'smtp'));
    const sent = { copies: [{ number: 1, recipients: [{ address: 'a', status: 'refused' }] }] };
    const history = historyOf(
      ticketWith(intent),
      records(
        ['intent', { intent }],
        ['sent', sent],
        ['quarantined', { ticket: ticketWith(intentOf(copy(1, [], 'smtp'))) }],
        ['requeued', { ticket: ticketWith(intent) }],
      ),
    );
    expect(history.setAside).toBeUndefined();
    expect(pendingOf(history.intent)).toEqual([['a']]);
  });

  it('seals released copies again, until a new intent names them', () => {
    const intent = intentOf(copy(1, ['a']));
    const released: [string, object] = ['released', { by: 0, ticket: ticketWith(intent) }];
    expect(historyOf(undefined, records(['intent', { intent }], released)).released).toBe(true);
    const again = historyOf(undefined, records(['intent', { intent }], released, ['intent', { intent: intentOf(copy(2, ['a'])) }]));
    expect(again.released).toBe(false);
    expect(again.intent?.copies.map(({ number }) => number)).toEqual([2]);
  });

  it('starts from the ticket when the records before it are out of reach', () => {
    expect(pendingOf(historyOf(ticketWith(intentOf(copy(4, ['d'], 'smtp'))), []).intent)).toEqual([['d']]);
  });
});
