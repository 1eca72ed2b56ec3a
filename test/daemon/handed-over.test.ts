import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Program, runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { writeRecipient } from '../kit/key-files.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf } from './health-of.js';
import { expectWholeTrail, letter, newSite, pki } from './site.js';

let site: Site;
let daemon: Program;
afterEach(async () => {
  await daemon.kill();
  site.remove();
});

const settleMs = 500;

async function start(): Promise<void> {
  daemon = startDaemon(site);
  await daemon.untilOutput(/watching the outbox/);
}

/** Details of the handed-over records, oldest first. */
function handedOver(): { ids: string[]; apartFrom: { id: string; numbers: number[] }[] }[] {
  const audit = join(site.spool, 'audit');
  const seqs = new Set(site.auditRecords().flatMap(({ event, seq }) => (event === 'handed-over' ? [Number(seq)] : [])));
  return readdirSync(audit)
    .filter((name) => name.endsWith('.details.jsonl'))
    .flatMap((name) => readFileSync(join(audit, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as { seq: number; detail: { ids: string[]; apartFrom: { id: string; numbers: number[] }[] } })
    .flatMap(({ seq, detail }) => (seqs.has(seq) ? [detail] : []));
}
const idsHandedOver = () => handedOver().flatMap(({ ids }) => ids);

async function pickedUp(count: number): Promise<string[]> {
  return waitFor(`${count} files`, () => site.pickedUp().length === count && site.pickedUp());
}

/** The MTA takes a file. */
function take(name: string): void {
  unlinkSync(join(site.pickup, name));
}

describe('a message the MTA has taken', () => {
  test('is recorded as handed over also when the pickup directory was away at the first look after its commit', async () => {
    site = newSite('', 'info', ['settleBadMs: 4s']);
    await start();
    site.drop('1.eml', letter('message 1'));
    const [name = ''] = await pickedUp(1);
    await waitFor('its record', () => site.auditRecords().some(({ event }) => event === 'committed'));
    renameSync(site.pickup, `${site.pickup}.away`);
    await waitFor('the look', async () => (await healthOf(site)).pauses.some(({ code }) => code === 'directory-missing'), {
      describe: () => daemon.stderr,
    });
    unlinkSync(join(`${site.pickup}.away`, name));
    renameSync(`${site.pickup}.away`, site.pickup);
    await waitFor('the record', () => idsHandedOver().length > 0, { describe: () => daemon.stderr, deadlineMs: 20_000 });
    expect(idsHandedOver()).toEqual([name.slice(0, 36)]);
  });

  test('is recorded as handed over when its file has been away for long enough, once, and not before', async () => {
    site = newSite('', 'info', [`settleBadMs: ${settleMs}ms`]);
    await start();
    for (const n of [1, 2, 3]) site.drop(`${n}.eml`, letter(`message ${n}`));
    const names = await pickedUp(3);
    const [first = '', second = '', third = ''] = names;
    const takenMs = Date.now();
    take(first);
    take(second);
    await waitFor('two', () => idsHandedOver().length === 2, { describe: () => daemon.stderr });
    expect(Date.now() - takenMs).toBeGreaterThanOrEqual(settleMs);
    expect(idsHandedOver().toSorted()).toEqual([first, second].map((name) => name.slice(0, 36)).toSorted());
    await expect.poll(async () => (await healthOf(site)).counters['handed-over']).toBe(2);
    take(third);
    await waitFor('the third', () => idsHandedOver().length === 3);
    const listed = await sealdrop(['audit', 'list', '--id', third.slice(0, 36), '-c', site.configFile]);
    expect(listed.stdout.match(/accepted|intent|committed|handed-over/g)).toEqual(['accepted', 'intent', 'committed', 'handed-over']);
    await daemon.terminate();
    expectWholeTrail(site);
  });

  test('is found again after a restart, also one that was killed, without reading what is settled', async () => {
    site = newSite('', 'info', [`settleBadMs: ${settleMs}ms`]);
    await start();
    for (const n of [1, 2, 3]) site.drop(`${n}.eml`, letter(`message ${n}`));
    const [first = '', second = '', third = ''] = await pickedUp(3);
    take(first);
    await waitFor('the first', () => idsHandedOver().length === 1);
    await daemon.kill();
    take(second);
    await start();
    await waitFor('the second', () => idsHandedOver().includes(second.slice(0, 36)));
    await daemon.terminate();
    take(third);
    await runOnce(site);
    await start();
    await waitFor('the third', () => idsHandedOver().includes(third.slice(0, 36)));
    await daemon.terminate();
    // Killed between a record and its state, it says the same once more.
    expect(new Set(idsHandedOver()).size).toBe(3);
    const state = JSON.parse(readFileSync(join(site.spool, 'settling.json'), 'utf8')) as { at: { offset: number }; lingering: string[] };
    expect(state.lingering).toEqual([]);
    const audit = join(site.spool, 'audit');
    const chain = readdirSync(audit).find((name) => name.endsWith('.chain.jsonl')) ?? '';
    const rest = readFileSync(join(audit, chain)).subarray(state.at.offset).toString();
    expect(rest).not.toContain('"committed"');
  });

  test('that comes back in the bad directory later has a record that corrects it', async () => {
    site = newSite('', 'info', [`settleBadMs: ${settleMs}ms`]);
    await start();
    site.drop('a.eml', letter('one'));
    const [name = ''] = await pickedUp(1);
    const bytes = readFileSync(join(site.pickup, name));
    take(name);
    await waitFor('the record', () => idsHandedOver().length === 1);
    writeFileSync(join(site.bad, name), bytes);
    const id = name.slice(0, 36);
    await waitFor('the correction', () => site.auditRecords().some((record) => record.id === id && record.event === 'rejected'));
    expect(idsHandedOver()).toEqual([id]);
  });

  test('in part: the copy that was refused is named, and only the others count as handed over', async () => {
    site = newSite('', 'info', [`settleBadMs: ${settleMs}ms`]);
    writeRecipient(site.keys, pki.issue({ address: 'carol@example.org' }));
    await start();
    site.drop('a.eml', letter('one').replace('To: ', 'Bcc: carol@example.org\r\nTo: '));
    const [first = '', second = ''] = await pickedUp(2);
    renameSync(join(site.pickup, second), join(site.bad, second));
    take(first);
    await waitFor('the record', () => handedOver().length === 1, { describe: () => daemon.stderr });
    const id = first.slice(0, 36);
    expect(handedOver()).toEqual([{ ids: [id], apartFrom: [{ id, numbers: [2] }] }]);
  });

  test('is not believed to be taken while the directories are away', async () => {
    site = newSite('', 'info', [`settleBadMs: ${settleMs}ms`]);
    await start();
    site.drop('a.eml', letter('one'));
    await pickedUp(1);
    renameSync(join(site.directory, 'mta'), join(site.directory, 'mta.away'));
    await new Promise((resolve) => setTimeout(resolve, 4 * settleMs));
    expect(idsHandedOver()).toEqual([]);
    renameSync(join(site.directory, 'mta.away'), join(site.directory, 'mta'));
    await new Promise((resolve) => setTimeout(resolve, 4 * settleMs));
    expect(idsHandedOver()).toEqual([]);
    for (const name of site.pickedUp()) take(name);
    await waitFor('the record', () => idsHandedOver().length === 1);
  });
});
