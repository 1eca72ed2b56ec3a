import type { ForwardedRecord } from './forwarded-record.js';
import type { Place } from './place.js';

/** Records of one segment, in order, without gaps. */
export class Batch {
  readonly segment: string;
  /** Octets from the beginning of the segment's chain file to where `chain` begins. */
  readonly offset: number;
  /** The lines of the chain file, octet for octet, line feeds included. */
  readonly chain: Buffer;
  /** The place behind them. */
  readonly end: Place;
  private made: readonly ForwardedRecord[] | undefined;
  private readonly make: () => readonly ForwardedRecord[];

  constructor(place: { segment: string; offset: number }, chain: Buffer, end: Place, make: () => readonly ForwardedRecord[]) {
    this.segment = place.segment;
    this.offset = place.offset;
    this.chain = chain;
    this.end = end;
    this.make = make;
  }

  /** Read when they are asked for: who copies the lines as they are needs none. */
  get records(): readonly ForwardedRecord[] {
    this.made ??= this.make();
    return this.made;
  }
}

/** Where records go. What it throws means that the target has failed: a new one is opened, and told everything after `held` again. */
export interface Sink {
  /** Up to where the target is known to hold the records; undefined while nothing of what this one was given is. */
  readonly held: Place | undefined;
  /** False when everything it was given is held. */
  readonly unsure: boolean;
  /** Resolves when there is room for the next one. */
  send(batch: Batch): Promise<void>;
  /** Called often, also while there is nothing to send: time for what has to be done now and then. */
  tick(): Promise<void>;
  /** Ends in good order, so that `held` says as much as can be known. */
  end(): Promise<void>;
  /** Lets go at once. Nothing is called afterwards. */
  abort(): void;
}
