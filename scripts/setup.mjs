// Makes a checkout ready to run: installs dependencies, builds, and with --test-tools sees to the programs the tests need.
// Runs before `npm start` and `npm test`; does nothing, quickly, when nothing has to be done. Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);

requireNode(20, 19);
if (!dependenciesAreCurrent() || !buildIsCurrent()) await underLock(installAndBuild);
if (process.argv.includes('--test-tools')) provideTestTools();

function requireNode(major, minor) {
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  fail(`sealdrop needs Node.js ${major}.${minor} or newer; this is ${process.version} (${process.execPath}).`);
}

function installAndBuild() {
  // Asked again under the lock: another setup may have done the work while this one waited.
  if (!dependenciesAreCurrent()) {
    // --include=dev: the build needs the compiler also where NODE_ENV=production.
    run('installed the dependencies', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  if (!buildIsCurrent()) {
    const startedAt = new Date();
    run('built dist', 'npm', ['run', '--silent', 'build']);
    // Last, so that a build cut short is not taken for a whole one. Dated from the start: an edit made meanwhile counts as newer.
    writeFileSync(at('dist', '.built'), `${startedAt.toISOString()}\n`);
  }
}

/** npm writes node_modules/.package-lock.json as the last step of an installation. */
function dependenciesAreCurrent() {
  const installed = modifiedAt(at('node_modules', '.package-lock.json'));
  return installed !== undefined && installed >= statSync(at('package-lock.json')).mtimeMs;
}

function buildIsCurrent() {
  const stamp = at('dist', '.built');
  if (!existsSync(at('dist', 'main.js')) || !existsSync(stamp)) return false;
  const builtAt = Date.parse(readFileSync(stamp, 'utf8').trim());
  const sources = readdirSync(at('src'), { recursive: true }).map((name) => at('src', name));
  // Directories count as well: a removed source changes only its directory's time.
  return [at('src'), at('tsconfig.json'), at('tsconfig.build.json'), at('node_modules', '.package-lock.json'), ...sources].every(
    (path) => (modifiedAt(path) ?? Number.POSITIVE_INFINITY) < builtAt,
  );
}

function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Runs a command silently; its output is shown only if it fails, and then setup ends with its status. */
function run(done, command, args) {
  const startedAt = performance.now();
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) {
    process.stderr.write(result.stdout + result.stderr);
    fail(`\`${command} ${args.join(' ')}\` failed; see its output above.`, result.status ?? 1);
  }
  say(`${done} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
}

/**
 * One setup at a time. The lock is a directory that holds one file named after its owner's process id. It is taken by renaming a
 * prepared directory onto it, which the kernel allows only while the lock is absent or empty, and given up by removing the owner's
 * file. If the owner is dead, removing *its* file (by its name, so never a successor's) frees the lock: no two can both win.
 */
async function underLock(work) {
  const lock = at('.tools', 'setup.lock');
  const mine = `${lock}.${process.pid}`;
  const owner = String(process.pid);
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, owner), '');
  process.on('exit', () => {
    rmSync(mine, { recursive: true, force: true });
    // Not ours unless our file was in it: force makes the first a no-op, and a lock that is not empty stays.
    rmSync(join(lock, owner), { force: true });
    try {
      rmdirSync(lock);
    } catch {
      // Absent, or another setup holds it by now.
    }
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

  const deadline = Date.now() + 10 * 60_000;
  let waiting = false;
  while (!taken(mine, lock)) {
    const holder = holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(join(lock, String(holder)), { force: true });
      continue;
    }
    if (!waiting && holder !== undefined) {
      waiting = true;
      say(`waiting for another setup (process ${holder})`);
    }
    if (Date.now() > deadline) fail(`another setup holds ${lock}. If none is running, remove that directory.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  work();
}

function taken(mine, lock) {
  try {
    renameSync(mine, lock);
    return true;
  } catch (error) {
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(lock) {
  try {
    const name = readdirSync(lock)[0];
    return name === undefined ? undefined : Number(name);
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function provideTestTools() {
  if (missingTools().length === 0) return;
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version') && process.env.SEALDROP_NO_APT === undefined;
  // If it fails (no network, no space) the tests that need the tools are skipped, each by its name: no reason to stop here.
  if (mayInstall) spawnSync('bash', [at('scripts', 'install-test-tools.sh')], { stdio: ['ignore', 'inherit', 'inherit'] });
  const missing = missingTools();
  if (missing.length === 0) return;
  say(`not installed: ${missing.join(', ')}. Tests that need them will be reported as skipped.`);
  if (!mayInstall) say('on Debian, `sudo scripts/install-test-tools.sh` installs them.');
}

function missingTools() {
  return readFileSync(at('scripts', 'test-tools.list'), 'utf8')
    .split('\n')
    .filter((line) => /^[a-z]/.test(line))
    .map((line) => line.split(/\s+/))
    .filter(([, probe]) => !isPresent(probe))
    .map(([name]) => name);
}

function isPresent(probe) {
  if (isAbsolute(probe)) return existsSync(probe);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, probe), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text, status = 1) {
  say(text);
  process.exit(status);
}
