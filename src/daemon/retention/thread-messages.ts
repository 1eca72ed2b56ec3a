import type { Entry } from '../../audit/record.js';
import type { PlainFault } from '../protocol.js';
import type { DestroyReport, DestroyRequest, RetentionOptions } from './engine.js';

export interface RetentionThreadData {
  readonly options: RetentionOptions;
  /** Undefined: only what was recorded before is finished. */
  readonly request: DestroyRequest | undefined;
}

export type FromRetentionThread =
  | { readonly kind: 'append'; readonly question: number; readonly entries: readonly Entry[]; readonly version: number }
  | { readonly kind: 'roll'; readonly question: number }
  | { readonly kind: 'holds'; readonly question: number }
  | { readonly kind: 'progress'; readonly done: string }
  | { readonly kind: 'ended'; readonly report: DestroyReport }
  | { readonly kind: 'failed'; readonly fault: PlainFault };

export interface ToRetentionThread {
  readonly question: number;
  readonly answer?: unknown;
  readonly fault?: PlainFault;
}
