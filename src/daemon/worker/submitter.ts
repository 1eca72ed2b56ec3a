import { spawnSync } from 'node:child_process';

/**
 * The names that `senders:` may use for a user: user name, uid as text, and the names of all its groups. Asked from `id`(1), which
 * knows LDAP and other directories through NSS. Each uid is asked once a minute at most.
 */
export class Submitters {
  private readonly known = new Map<number, { names: readonly string[]; askedMs: number }>();

  namesOf(uid: number, nowMs: number): readonly string[] {
    const known = this.known.get(uid);
    if (known !== undefined && nowMs - known.askedMs < 60_000) return known.names;
    const names = [ask(['-un', String(uid)]), String(uid), ...ask(['-Gn', String(uid)]).split(' ')].filter((name) => name !== '');
    if (this.known.size > 10_000) this.known.clear();
    this.known.set(uid, { names, askedMs: nowMs });
    return names;
  }
}

function ask(args: readonly string[]): string {
  const run = spawnSync('id', args, { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : '';
}
