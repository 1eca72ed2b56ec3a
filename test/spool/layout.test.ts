import { expect, test } from 'vitest';
import { newMessageId } from '../../src/message-id.js';
import { findCopyName } from '../../src/spool/layout.js';

const id = newMessageId(1000);

test.each([`${id}-12.eml`, `${id}-12.eml.bad`, `${id}-12.bad`, `${id}-12`, `bad-${id}-12.eml`, `1795.${id}-12.eml.1`])(
  'our name is found in %s',
  (name) => {
    expect(findCopyName(name)).toEqual({ id, number: 12 });
  },
);

test.each([`${id}.eml`, `${id}-x.eml`, `a${id}-12.eml`, `${id}-1234567.eml`, 'invoice-12.eml'])('%s is no name of ours', (name) => {
  expect(findCopyName(name)).toBeUndefined();
});
