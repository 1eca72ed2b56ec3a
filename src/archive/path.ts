import { timeOfMessageId } from '../message-id.js';

/** `YYYY/MM/DD` of the UTC day on which the message was claimed; follows from its id alone. */
export function archiveDay(id: string): string {
  return timeOfMessageId(id).toISOString().slice(0, 10).replaceAll('-', '/');
}

/** The archive entry of a message, relative to the archive directory. */
export function archivePath(id: string): string {
  return `${archiveDay(id)}/${id}.eml`;
}
