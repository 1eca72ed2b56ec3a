import type { Progress } from '../../archive/index/update.js';

const everyMs = 200;

/** One line on the terminal that says how far the index is and how long it will take; nothing where no person looks. */
export function showProgress(stream: NodeJS.WriteStream, nowMs: () => number): { tell: (progress: Progress) => void; end: () => void } {
  if (stream.isTTY !== true) return { tell: () => {}, end: () => {} };
  const startedMs = nowMs();
  let last = Number.NEGATIVE_INFINITY;
  let firstBytes: number | undefined;
  return {
    tell: ({ doneBytes, totalBytes, messages }) => {
      const now = nowMs();
      firstBytes ??= doneBytes;
      if (now - last < everyMs) return;
      last = now;
      const seconds = (now - startedMs) / 1000;
      const rate = Math.round(messages / Math.max(seconds, 0.001));
      const leftMs = ((totalBytes - doneBytes) * (now - startedMs)) / Math.max(doneBytes - firstBytes, 1);
      const left = doneBytes > firstBytes ? `, ${durationText(leftMs)} left` : '';
      const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes);
      stream.write(
        `\r\x1b[Kindexing: ${percent} %, ${messages.toLocaleString('en-US')} messages, ${rate.toLocaleString('en-US')}/s${left}`,
      );
    },
    end: () => {
      if (last > Number.NEGATIVE_INFINITY) stream.write('\r\x1b[K');
    },
  };
}

function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return seconds < 3600
    ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
