import type { Octets } from '../../message/octets.js';
import { elementHead } from './der.js';

/**
 * A DER element with a hole for large content: `head`, then `contentBytes` octets that are never copied into it, then `tail`. What is
 * large in CMS (the signed entity, the ciphertext) is a single OCTET STRING, so one hole is enough, and its length is known beforehand.
 */
export interface Frame {
  readonly head: readonly Buffer[];
  readonly contentBytes: number;
  readonly tail: readonly Buffer[];
}

/** A primitive string element (OCTET STRING 0x04, or `[0]` IMPLICIT of one 0x80) whose octets are the hole. */
export function hollowString(identifier: number, contentBytes: number): Frame {
  return { head: [elementHead(identifier, contentBytes)], contentBytes, tail: [] };
}

/** A constructed element around `before`, the frame, and `after`. */
export function around(identifier: number, before: readonly Buffer[], inner: Frame, after: readonly Buffer[] = []): Frame {
  const lengthBytes = sizeOf(before) + frameLength(inner) + sizeOf(after);
  return {
    head: [elementHead(identifier, lengthBytes), ...before, ...inner.head],
    contentBytes: inner.contentBytes,
    tail: [...inner.tail, ...after],
  };
}

/** Octets of the whole element once the hole is filled. */
export function frameLength(frame: Frame): number {
  return sizeOf(frame.head) + frame.contentBytes + sizeOf(frame.tail);
}

/** The element with its hole filled by the octets it was made for. What stands behind them is read after they were asked for. */
export function filled(frame: Frame, content: Octets): Octets {
  return {
    sizeBytes: frameLength(frame),
    *pieces() {
      yield Buffer.concat(frame.head);
      yield* content.pieces();
      yield Buffer.concat(frame.tail);
    },
  };
}

function sizeOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
