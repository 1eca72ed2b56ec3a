import { beforeAll, describe, expect, test } from 'vitest';
import { sealdrop } from '../kit/daemon.js';
import { removeTemp } from '../kit/temp.js';
import { type Attack, archiveAttacks, attacks, chainAttacks, checkpointAttacks, detailsAttacks, retentionAttacks } from './attacks.js';
import { copyOf, makeTrail, type Place, type Trail } from './trail.js';

// Somebody who is root and has an editor works on archive and audit trail. Each of it is found, or is something that only an anchor
// elsewhere can find, and then is found with one. The table of it stands in docs/compliance.md.

interface Report {
  readonly verdict: string;
  readonly findings: readonly { readonly kind: string; readonly file: string; readonly text: string }[];
}

let trail: Trail;
beforeAll(async () => {
  trail = await makeTrail();
}, 180_000);

async function verify({ config }: Place, ...more: string[]): Promise<Report & { status: number | null }> {
  return reportOf(['audit', 'verify', '-c', config, '--json', ...more]);
}

async function reportOf(args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await sealdrop(args);
  try {
    return { ...(JSON.parse(stdout) as Report), status };
  } catch {
    throw new Error(`${stdout}\n${stderr}`);
  }
}

const kindsOf = ({ findings }: Report) => [...new Set(findings.map(({ kind }) => kind))];

test('what nobody has touched is consistent, and complete as far as the anchor goes', async () => {
  const copy = copyOf(trail);
  expect(await verify(copy)).toMatchObject({ status: 0, findings: [], verdict: 'consistent, completeness not proven' });
  const anchored = await verify(copy, '--anchor', trail.anchor);
  expect(anchored).toMatchObject({ status: 0, findings: [] });
  expect(anchored.verdict).toMatch(/^consistent, complete up to record \d+/);
  removeTemp(copy.directory);
});

test('the attacks are many, and each is another one', () => {
  expect(attacks.length).toBeGreaterThanOrEqual(50);
  expect(new Set(attacks.map(({ what }) => what)).size).toBe(attacks.length);
});

describe.each<[string, readonly Attack[]]>([
  ['the chain', chainAttacks],
  ['the details', detailsAttacks],
  ['the archive', archiveAttacks],
  ['checkpoints', checkpointAttacks],
  ['retention', retentionAttacks],
])('an attack on %s', (_of, these) => {
  test.each(these)('is found: $what', async ({ found, byAnchor = false, byArchiveVerify = false, act }) => {
    const copy = copyOf(trail);
    act(copy, trail);
    const alone = byArchiveVerify ? await reportOf(['archive', 'verify', '-c', copy.config, '--json']) : await verify(copy);
    if (byAnchor) {
      expect(alone).toMatchObject({ status: 0, findings: [], verdict: 'consistent, completeness not proven' });
      const anchored = await verify(copy, '--anchor', trail.anchor);
      expect(kindsOf(anchored)).toEqual(expect.arrayContaining([...found]));
      expect(anchored.status).toBe(65);
    } else {
      expect(kindsOf(alone)).toEqual(expect.arrayContaining([...found]));
      expect(alone.status).toBe(65);
    }
    removeTemp(copy.directory);
  });
});
