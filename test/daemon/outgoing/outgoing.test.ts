import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/audit/record.js';
import { Outgoing } from '../../../src/daemon/outgoing/outgoing.js';
import type { HandedOver } from '../../../src/daemon/worker/context.js';
import type { Copy, Delivery } from '../../../src/delivery/delivery.js';
import { SealdropError } from '../../../src/errors.js';
import { type SpoolLayout, spoolLayout } from '../../../src/spool/layout.js';
import { readTicket } from '../../../src/spool/ticket.js';
import type { AnsweringWay } from '../../../src/way.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { waitFor } from '../../kit/wait-for.js';

let layout: SpoolLayout;
let records: Entry[];
let outgoing: Outgoing;
beforeEach(() => {
  layout = spoolLayout(makeTemp('outgoing'));
  for (const path of [layout.sealed, layout.retry, layout.quarantine]) mkdirSync(path, { recursive: true });
  records = [];
});
afterEach(async () => {
  await outgoing.stop();
  removeTemp(layout.root);
});

/** A server that can be switched off, and keeps what it takes. */
class Server implements Delivery {
  serves = true;
  readonly taken: string[] = [];

  async send({ recipients, envid }: Copy) {
    if (!this.serves) throw new SealdropError('smtp-unavailable', 'down', { disposition: 'wait', cure: '', retryAfterMs: 0 });
    this.taken.push(envid);
    return {
      recipients: recipients.map((address) => ({ address, status: 'accepted' as const, code: '250', text: '' })),
      acceptance: 'known' as const,
    };
  }

  async close() {}
}

function open(ways: Partial<Record<AnsweringWay, Delivery>>): Outgoing {
  outgoing = new Outgoing({
    layout,
    audit: {
      append: async (entries) => {
        records.push(...entries);
      },
    },
    ways: new Map(Object.entries(ways).map(([way, delivery]) => [way as AnsweringWay, { delivery, connections: 2 }])),
    retry: { firstMs: 1000, maxMs: 1000, giveUpAfter: 1000 },
    inMemory: 3,
    once: false,
    now: () => new Date(),
    waits: () => {},
    patiently: async (step) => step(),
    ended: () => {},
    failed: (error) => {
      throw error;
    },
  });
  return outgoing;
}

/** A message in `work/` that has one copy for each of these ways. */
function message(id: string, ...ways: AnsweringWay[]): HandedOver {
  writeFileSync(`${layout.work}/${id}.eml`, 'original');
  const copies = ways.map((via, index) => {
    const name = `${id}-${index + 1}.eml`;
    writeFileSync(`${layout.sealed}/${name}`, 'sealed');
    const pending = [`${via}@example.net`];
    return { number: index + 1, planned: index + 1, via, name, sizeBytes: 6, sha256: '', pending };
  });
  const plan = { sender: 'a@example.com', copies: copies.map(({ number }) => ({ number, transport: { envid: id } })) };
  return { id, file: `${id}.eml`, uid: 0, intent: { plan, bootId: 'boot', copies } };
}

const inWork = () => readdirSync(layout.work).filter((name) => name.endsWith('.eml'));

describe('Outgoing', () => {
  it('remembers the plans of a few messages that wait for a way, and leaves those of the others on disk', async () => {
    const [down, up] = [new Server(), new Server()];
    down.serves = false;
    open({ sparkpost: down, smtp: up });
    for (let n = 0; n < 8; n++) outgoing.add(message(`m${n}`, 'sparkpost'));
    outgoing.add(message('other', 'smtp'));
    await waitFor('the other way to serve', () => up.taken.length === 1);
    const onDisk = () => ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'].filter((id) => readTicket(layout.work, id)?.intent !== undefined);
    expect(onDisk()).toEqual(['m3', 'm4', 'm5', 'm6', 'm7']);
    expect(outgoing.isFull).toBe(false);
    down.serves = true;
    await waitFor('all to be sent', () => inWork().length === 0, { deadlineMs: 30_000 });
    expect(down.taken.toSorted()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7']);
    expect(readdirSync(layout.work)).toEqual(['sealed']);
    expect(readdirSync(layout.sealed)).toEqual([]);
  });

  it('is full when a server that serves has more to do than it gets done', () => {
    const slow: Delivery = { send: () => new Promise(() => {}), close: async () => {} };
    const busy = open({ smtp: slow });
    expect(busy.isFull).toBe(false);
    for (let n = 0; n < 3; n++) busy.add(message(`m${n}`, 'smtp'));
    expect(busy.isFull).toBe(true);
    outgoing = open({});
  });

  it('is done with a message when the last of its ways is', async () => {
    const [down, up] = [new Server(), new Server()];
    down.serves = false;
    open({ sparkpost: down, smtp: up });
    outgoing.add(message('both', 'smtp', 'sparkpost'));
    await waitFor('the one way to serve', () => up.taken.length === 1);
    expect(inWork()).toEqual(['both.eml']);
    down.serves = true;
    await waitFor('the message to be done', () => inWork().length === 0, { deadlineMs: 30_000 });
    expect([up.taken, down.taken]).toEqual([['both'], ['both']]);
    expect(records.map(({ event, outcome }) => [event, outcome])).toEqual([
      ['sent', 'accepted'],
      ['sent', 'accepted'],
    ]);
  });
});
