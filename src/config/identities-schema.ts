import { z } from 'zod';
import { CONTENT_CIPHERS, type ContentCipher } from '../smime/algorithms.js';
import { addressPatterns } from './kinds.js';

const cipher = z.enum(Object.keys(CONTENT_CIPHERS) as ContentCipher[]);

/** One item of `identities`. */
export const identityItem = z.strictObject({
  from: addressPatterns()
    .exactOptional()
    .describe('The From address: an address, a pattern such as "*@billing.example", or a list of them. Left out: every address.'),
  capabilities: z
    .array(cipher, { error: 'must be a list of content ciphers; write for example [aes-256-gcm, aes-256-cbc], or [] to announce none' })
    .refine((list) => new Set(list).size === list.length, { error: 'names a cipher twice; name each once' })
    .describe('Content ciphers that the program reading this mailbox decrypts, best first. An empty list announces nothing.'),
});
