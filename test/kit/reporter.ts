import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node';

/**
 * Beside vitest's default reporter: at the very end the names of what was skipped, and as the last line of all
 * `N passed, N failed, N skipped`. Where a benchmark ran before the tests, SEALDROP_BENCHMARK says how it ended.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    const lines = summary(modules, errors.length, reason === 'interrupted', process.env.SEALDROP_BENCHMARK);
    // Vitest may still print something of its own when it closes; nothing comes after 'exit'.
    process.once('exit', () => writeSync(process.stdout.fd, `${lines.join('\n')}\n`));
  }
}

/** `benchmark`: `passed` or `failed` counts as one test more. */
export function summary(modules: readonly TestModule[], errors: number, interrupted: boolean, benchmark: string | undefined): string[] {
  const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => ({ module, test })));
  const count = (state: string) => tests.filter(({ test }) => test.result().state === state).length + (benchmark === state ? 1 : 0);
  const skipped = tests.filter(({ test }) => test.result().state === 'skipped');
  // A file that cannot be loaded, a failed hook and an error outside any test have no failed test to show for it.
  const failedWithoutTest = modules.filter((module) => module.state() === 'failed' && !hasFailedTest(module)).length;
  const neverRun = count('pending');
  return [
    ...(skipped.length === 0
      ? []
      : ['', 'Skipped:', ...skipped.map(({ module, test }) => `  ${module.relativeModuleId} > ${test.fullName}`)]),
    ...(interrupted || neverRun > 0 ? ['', `The run was interrupted; ${neverRun} tests were not run.`] : []),
    ...(benchmark === 'failed' ? ['', 'The benchmark failed: its FAILED lines, above those of the tests, say which ratio fell.'] : []),
    '',
    `${count('passed')} passed, ${count('failed') + failedWithoutTest + errors} failed, ${skipped.length} skipped`,
  ];
}

function hasFailedTest(module: TestModule): boolean {
  return [...module.children.allTests('failed')].length > 0;
}
