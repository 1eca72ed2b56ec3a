// `npm run fuzz -- [--runs N] [--seed S] [--target NAME] [--replay FILE]`: test/fuzz for longer, with other seeds, or one input again.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const project = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
    replay: { type: 'string' },
    findings: { type: 'string', default: resolve(project, 'fuzz-findings') },
  },
});
for (const name of ['runs', 'seed']) {
  if (/^\d{1,10}$/.test(values[name])) continue;
  process.stderr.write(`--${name} must be a whole number\n`);
  process.exit(64);
}

mkdirSync(values.findings, { recursive: true });
const env = {
  ...process.env,
  SEALDROP_FUZZ_RUNS: values.runs,
  SEALDROP_FUZZ_SEED: values.seed,
  SEALDROP_FUZZ_FINDINGS: resolve(values.findings),
  ...(values.target === undefined ? {} : { SEALDROP_FUZZ_TARGET: values.target }),
  ...(values.replay === undefined ? {} : { SEALDROP_FUZZ_REPLAY: resolve(values.replay) }),
};
const vitest = resolve(project, 'node_modules/vitest/vitest.mjs');
const child = spawn(process.execPath, [vitest, 'run', 'test/fuzz/fuzz.test.ts'], { cwd: project, env, stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 70;
});
