import type { ChainPosition } from '../../audit/follow.js';
import type { TargetPosition } from '../../audit/forward/positions.js';
import type { Target } from '../../audit/forward/targets.js';

// What the daemon and its thread that forwards say to each other.

export interface ForwardData {
  readonly auditDirectory: string;
  readonly positionsFile: string;
  readonly targets: readonly Target[];
  readonly personal: boolean;
  readonly confirmMs: number;
  readonly end: ChainPosition | undefined;
}

export type ToForwarder = { readonly kind: 'end'; readonly end: ChainPosition } | { readonly kind: 'stop'; readonly longestMs: number };

export type FromForwarder =
  | { readonly kind: 'positions'; readonly positions: readonly (readonly [string, TargetPosition])[] }
  | { readonly kind: 'stopped' };
