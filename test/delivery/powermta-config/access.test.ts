import { describe, expect, test } from 'vitest';
import { type AccessFacts, accessFindings, runsAsRoot } from '../../../src/delivery/powermta-config/access.js';
import { parseConfig } from '../../../src/delivery/powermta-config/tree.js';

const PMTA = 901;
const SEALDROP = 902;

/** As deploy/powermta/sealdrop.tmpfiles.conf makes them. */
const facts: AccessFacts = {
  pmta: { uid: PMTA, gids: [PMTA] },
  sealdrop: { uid: SEALDROP, gids: [SEALDROP, PMTA] },
  directory: { path: '/mta/pickup', uid: PMTA, gid: PMTA, mode: 0o2770 },
  staging: { path: '/mta/staging', uid: SEALDROP, gid: PMTA, mode: 0o2770 },
  bad: { path: '/mta/bad', uid: PMTA, gid: PMTA, mode: 0o2770 },
};
const texts = (changed: Partial<AccessFacts>) => accessFindings({ ...facts, ...changed }).map(({ text }) => text);
const root = (text: string) => runsAsRoot(parseConfig(text, 'config', () => []).root);

test('PowerMTA runs as root unless it is told not to', () => {
  expect([root(''), root('run-as-root yes'), root('Run-As-Root no'), root('run-as-root no\nrun-as-root true')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

describe('a PowerMTA that runs as pmta', () => {
  test('gets along with the directories that sealdrop comes with', () => expect(texts({})).toEqual([]));

  test('must be able to write in pickup and in the bad directory, by whatever class it belongs to', () => {
    const { directory, bad } = facts;
    const refused = (path: string) => [`PowerMTA runs as pmta, who may not read and write in ${path}`];
    expect(texts({ directory: { ...directory, uid: 0, mode: 0o2750 } })).toEqual(refused('/mta/pickup'));
    expect(texts({ directory: { ...directory, uid: 0, gid: 0, mode: 0o770 } })).toEqual(refused('/mta/pickup'));
    expect(texts({ directory: { ...directory, mode: 0o2570 } })).toEqual(refused('/mta/pickup'));
    expect(texts({ directory: { ...directory, uid: 0, gid: 0, mode: 0o777 } })).toEqual([]);
    expect(texts({ bad: { ...bad, uid: 0, mode: 0o2750 } })).toEqual(refused('/mta/bad'));
  });

  test('cannot remove files of others from a sticky directory that is not its own', () => {
    const sticky = { ...facts.directory, mode: 0o3770 };
    expect(texts({ directory: sticky })).toEqual([]);
    expect(texts({ directory: { ...sticky, uid: 0 } })).toEqual([
      "PowerMTA runs as pmta, who may not remove sealdrop's files from /mta/pickup: it is sticky",
    ]);
  });

  test('must be in the group that sealdrop’s files get: that of staging, or without set-group-ID that of sealdrop', () => {
    const refused = ['PowerMTA runs as pmta, who may not read what sealdrop writes in /mta/staging'];
    expect(texts({ staging: { ...facts.staging, mode: 0o770 } })).toEqual(refused);
    expect(texts({ staging: { ...facts.staging, gid: SEALDROP } })).toEqual(refused);
    expect(texts({ staging: { ...facts.staging, mode: 0o770 }, sealdrop: { uid: SEALDROP, gids: [PMTA] } })).toEqual([]);
  });
});
