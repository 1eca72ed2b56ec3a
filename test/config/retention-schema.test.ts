import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { PICKUP, temporaryFile } from './write.js';

function archive(yaml: string) {
  return loadConfig(temporaryFile('sealdrop.yaml', `${PICKUP}\narchive:\n${yaml.replace(/^/gm, '  ')}\n`), {}).archive;
}

describe('archive.retention', () => {
  it('is not set by itself: originals are kept for ever', () => {
    expect(archive('group: auditors').retention).toBeNull();
  });

  it('takes a period for every message', () => {
    expect(archive('retention: 10 years').retention).toEqual([{ when: {}, keep: { count: 10, unit: 'years' } }]);
  });

  it('takes rules, each condition one pattern or a list', () => {
    const { retention } = archive(
      [
        'retention:',
        '  - { when: { from: "*@bank.example", to: ["*@a.example", "b@b.example"] }, keep: 7y }',
        '  - { when: { rule: partner }, keep: forever }',
        '  - { when: {}, keep: 90 days }',
      ].join('\n'),
    );
    expect(retention).toEqual([
      { when: { from: ['*@bank.example'], to: ['*@a.example', 'b@b.example'] }, keep: { count: 7, unit: 'years' } },
      { when: { rule: ['partner'] }, keep: 'forever' },
      { when: {}, keep: { count: 90, unit: 'days' } },
    ]);
  });

  it.each([
    ['retention: 6M', '10 years, 18 months, 90 days'],
    ['retention: 0 days', '10 years'],
    ['retention: 10 yeers', 'archive.retention: must be'],
    ['retention: 7', 'list of rules'],
    ['retention: []', 'list of rules'],
    ['retention: [{ when: {} }]', 'retention[0].keep'],
    ['retention: [{ keep: 7y }]', 'retention[0].when'],
    ['retention: [{ when: { subject: x }, keep: 7y }]', 'subject'],
    ['retention: [{ when: { to: bank.example }, keep: 7y }]', '@'],
  ])('refuses %s', (yaml, words) => {
    expect(() => archive(yaml)).toThrow(words);
  });
});

describe('archive.purge', () => {
  it('has no schedule unless it is given one', () => {
    expect(archive('group: auditors').purge).toEqual({ schedule: null });
    expect(archive('purge: { schedule: off }').purge).toEqual({ schedule: null });
    expect(archive('purge: { schedule: daily at 03:30 }').purge).toEqual({ schedule: 210 });
  });

  it.each(['daily at 24:00', 'weekly', '3'])('refuses the schedule %s', (schedule) => {
    expect(() => archive(`purge: { schedule: ${schedule} }`)).toThrow('daily at 03:30');
  });
});

it('maxClockStep is a day unless it is given', () => {
  expect(archive('group: auditors').maxClockStep).toBe(86_400_000);
  expect(archive('maxClockStep: 4d').maxClockStep).toBe(4 * 86_400_000);
  expect(() => archive('maxClockStep: 5s')).toThrow('1h');
});
