import type { ConfigFinding } from './finding.js';
import { booleanOf, lastOf, type Section } from './tree.js';

export interface DirectoryFacts {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface Account {
  readonly uid: number;
  /** The primary group first. */
  readonly gids: readonly number[];
}

const SET_GROUP_ID = 0o2000;
const STICKY = 0o1000;
const GROUP = 'pmta';

/** PowerMTA runs as root unless `run-as-root` says no; then it is the user pmta (User's Guide 5.0, 3.3.1.8). */
export function runsAsRoot(root: Section): boolean {
  return booleanOf(lastOf([root], 'run-as-root')) !== false;
}

export interface AccessFacts {
  readonly pmta: Account;
  readonly sealdrop: Account;
  readonly directory: DirectoryFacts;
  readonly staging: DirectoryFacts;
  readonly bad: DirectoryFacts;
}

/** For a PowerMTA that is not root: whether it can read what sealdrop writes, remove it, and put it into the bad directory. */
export function accessFindings({ pmta, sealdrop, directory, staging, bad }: AccessFacts): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const add = (text: string, cure: string) => findings.push({ level: 'error', at: undefined, text, cure });
  for (const place of [directory, bad]) {
    if (!mayWriteIn(place, pmta))
      add(
        `PowerMTA runs as ${GROUP}, who may not read and write in ${place.path}`,
        `Run: chgrp ${GROUP} ${place.path} && chmod 2770 ${place.path}`,
      );
  }
  if ((directory.mode & STICKY) !== 0 && directory.uid !== pmta.uid)
    add(
      `PowerMTA runs as ${GROUP}, who may not remove sealdrop's files from ${directory.path}: it is sticky`,
      `Run: chmod -t ${directory.path}`,
    );
  // Of mode 0640: what counts is the group that files made in staging get.
  const group = (staging.mode & SET_GROUP_ID) === 0 ? sealdrop.gids[0] : staging.gid;
  if (group === undefined || !pmta.gids.includes(group))
    add(
      `PowerMTA runs as ${GROUP}, who may not read what sealdrop writes in ${staging.path}`,
      `Run: chgrp ${GROUP} ${staging.path} && chmod 2770 ${staging.path}`,
    );
  return findings;
}

/** As the kernel decides: owner, else group, else others (path_resolution(7)). */
function mayWriteIn({ uid, gid, mode }: DirectoryFacts, { uid: who, gids }: Account): boolean {
  const shift = uid === who ? 6 : gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 0o7) === 0o7;
}
