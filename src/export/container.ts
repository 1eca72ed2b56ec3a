import type { Exhibit } from './exhibit.js';
import type { FileFacts } from './hashed-file.js';

export const exportFormats = ['zip', 'eml', 'mbox', 'maildir'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What an export's messages are put into. Nothing of it is durable before `close`. */
export interface Container {
  /** Returns the name of the original's file in the export; undefined where all are in one file. */
  addOriginal(exhibit: Exhibit): Promise<string | undefined>;
  /** Present where there is room for more than mail. */
  readonly extras?: ContainerExtras;
  /** Facts of the container where it is one file that was hashed on the way. */
  close(): Promise<FileFacts | undefined>;
  /** After a fault: releases what is open. */
  abandon(): void;
}

export interface ContainerExtras {
  addBytes(name: string, bytes: Buffer): Promise<void>;
  /** Takes over a complete file from the work directory. */
  addFile(name: string, path: string): Promise<void>;
}
