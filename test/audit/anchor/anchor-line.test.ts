import { describe, expect, test } from 'vitest';
import { readAnchorLine } from '../../../src/audit/anchor/anchor-line.js';

const hash = 'd25c'.repeat(16);
const json = `{"seq":21,"time":"2026-11-25T02:53:57.113Z","event":"committed","detail":"${'0'.repeat(64)}","prev":"${'1'.repeat(64)}","hash":"${hash}"}`;
const sd = `[sealdrop@32473 seq="21" hash="${hash}" id="x"]`;

describe('a line of an anchor is read', () => {
  test.each([
    ['as audit head prints it', `head 21 ${hash}`],
    ['as audit verify prints it', `21 records, 5 archived originals compared, head 21 ${hash}`],
    ['with the date a cron job wrote before it', `2026-11-25T03:00:01+01:00 mail1: head 21 ${hash}`],
    ['as it stands in the forwarded file', json],
    ['with its details', `${json.slice(0, -1)},"salt":"00","personal":{"seq":1,"hash":"${'f'.repeat(64)}"}}`],
    ['as RFC 5424', `<109>1 2026-11-25T02:53:57.113Z mail1 sealdrop 4711 committed ${sd} ${json}`],
    ['as RFC 5424 with the octet count of the stream', `512 <109>1 2026-11-25T02:53:57.113Z mail1 sealdrop 4711 committed ${sd} ${json}`],
    ['with the structured data of a relay', `<109>1 2026-11-25T02:53:57Z mail1 sealdrop 1 committed [origin ip="192.0.2.1"]${sd} x`],
    ['with a text that was cut', `<109>1 2026-11-25T02:53:57.113Z mail1 sealdrop 4711 committed ${sd} ${json.slice(0, 50)}`],
    ['as RFC 5424 of which the structured data was taken', `<109>1 2026-11-25T02:53:57.113Z mail1 sealdrop 4711 committed - ${json}`],
    ["in rsyslog's own form", `2026-11-25T02:53:57.113000+00:00 mail1 sealdrop[4711] ${json}`],
    ["in rsyslog's traditional form", `Nov 25 02:53:57 mail1 sealdrop[4711]: ${json}`],
    ['in a form of the receiver with the structured data', `Nov 25 02:53:57 mail1 ${sd}`],
  ])('%s', (_, line) => {
    expect(readAnchorLine(line)).toMatchObject({ kind: 'record', record: { seq: 21, hash } });
  });

  test('with the host that a syslog line names', () => {
    for (const line of [`<109>1 2026-11-25T02:53:57Z mail1 sealdrop 1 x ${sd}`, `Nov 25 02:53:57 mail1 sealdrop[4711]: ${json}`]) {
      expect(readAnchorLine(line)).toMatchObject({ record: { host: 'mail1' } });
    }
  });

  test.each([
    ['empty', ''],
    ['a comment', '# heads of mail1'],
    ['another program', `<13>1 2026-11-25T02:53:57Z mail1 evil 1 x ${sd} head 21 ${hash}`],
    ['other JSON', '{"level":"info"}'],
    ['a word that ends in head', `forehead 21 ${hash}`],
    ['a hash that is longer', `head 21 ${hash}0`],
  ])('as nothing of ours: %s', (_, line) => {
    expect(readAnchorLine(line)).toEqual({ kind: 'other' });
  });

  test.each([
    ['JSON that breaks off', json.slice(0, 100)],
    ['a number that is none', json.replace('21', '"21"')],
    ['a number beyond what is exact', json.replace('21', '9007199254740993')],
    ['a negative number', json.replace('21', '-21')],
    ['a number with a fraction', json.replace('21', '2.5')],
    ['number zero', `head 0 ${hash}`],
    ['a hash in capitals', json.replace(hash, hash.toUpperCase())],
    ['our syslog without a record', '<109>1 2026-11-25T02:53:57.113Z mail1 sealdrop 4711 committed - text'],
    ['a line of two megabytes', `head 21 ${hash}${' '.repeat(2 << 20)}`],
  ])('as unreadable: %s', (_, line) => {
    expect(readAnchorLine(line)).toEqual({ kind: 'unreadable' });
  });
});
