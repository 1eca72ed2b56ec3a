import { execFileSync } from 'node:child_process';

/** Runs `openssl` and returns its standard output; throws with its own words when it fails. Never prompts: passphrases go through `environment`. */
export function openssl(args: readonly string[], input?: Buffer, environment: NodeJS.ProcessEnv = {}): Buffer {
  try {
    return execFileSync('openssl', [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 512 * 1024 * 1024,
      env: { ...process.env, ...environment },
      ...(input === undefined ? {} : { input }),
    });
  } catch (cause) {
    const words = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new Error(`openssl ${args.join(' ')} failed: ${words}`, { cause });
  }
}
