import { killLeftOver } from './leftovers.js';
import { makeRunDirectory, removeTemp } from './temp.js';

/** Called by vitest once before all test files; what it returns is called after the last of them. */
export function setup(): () => void {
  const directory = makeRunDirectory();
  // Read by runDirectory() in the test processes, which inherit it.
  process.env.SEALDROP_TEST_RUN_DIRECTORY = directory;
  return () => {
    killLeftOver(directory);
    removeTemp(directory);
  };
}
