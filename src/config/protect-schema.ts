import { z } from 'zod';
import { ruleArchive } from './archive-schema.js';
import { via } from './delivery-schema.js';
import { addressPatterns, charset, fieldNames, headerPatterns, integer, section, transportWord } from './kinds.js';

const sign = z.enum(['auto', 'opaque', 'detached', 'none']);
const signature = z.enum(['auto', 'rsa-pkcs1', 'rsa-pss']);
const digest = z.enum(['sha256', 'sha384', 'sha512']);
const encrypt = z.enum(['required', 'whenPossible', 'none']);
const aes = ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm'] as const;
const content = z.enum(['auto', ...aes, 'chacha20-poly1305']);
const contentAtLeast = z.enum(aes);
const whenCiphersDiffer = z.enum(['together', 'separate']);
const whenKeysDiffer = z.enum(['separate', 'together']);
const keyTransport = z.enum(['rsa-pkcs1', 'rsa-oaep']);
const headerProtection = z.enum(['off', 'on']);
const headerConfidentiality = z.enum(['baseline', 'shy', 'none']);
const legacyDisplay = z.enum(['on', 'off']);
const missingCertificate = z.enum(['quarantine']);
const clearCopies = z.enum(['refuse', 'allow']);
const alreadyProtected = z.enum(['seal', 'pass', 'refuse']);
const tripleWrap = z.enum(['off', 'on']);
const signWith = z.enum(['oneKey', 'allKeys']);

/** `protect`: how mail is sealed when no rule says otherwise. */
export const protectSection = section({
  sign: sign
    .default('auto')
    .describe(
      'How mail is signed. auto: opaque within encryption, where no relay can alter it; detached when a copy leaves unencrypted, so that everybody can read it.',
    ),
  signature: signature.default('auto').describe('Signature scheme. auto goes by the key.'),
  digest: digest.default('sha256').describe('Digest that is signed.'),
  encrypt: encrypt
    .default('required')
    .describe(
      'required: a recipient without a valid certificate stops the message. whenPossible: a recipient who has no certificate at all gets a clear copy. none: not encrypted.',
    ),
  content: content
    .default('aes-256-cbc')
    .describe(
      'Content cipher. The gcm ciphers and chacha20-poly1305 also protect against alteration, but many mail programs cannot read them. auto: the strongest that all recipients of a copy are known to read, from what "sealdrop keys harvest" learnt; aes-256-cbc for those of whom nothing is known.',
    ),
  contentAtLeast: contentAtLeast
    .default('aes-128-cbc')
    .describe('With content: auto, nothing weaker is used, whatever a mail program says it reads. gcm counts as stronger than cbc.'),
  whenCiphersDiffer: whenCiphersDiffer
    .default('together')
    .describe(
      'With content: auto, and recipients in To and Cc who read different ciphers. together: one copy, with the strongest that all read. separate: a copy for each cipher.',
    ),
  whenKeysDiffer: whenKeysDiffer
    .default('separate')
    .describe(
      'Recipients in To and Cc some of whom have RSA keys, some elliptic curve keys. separate: a copy for each kind, since some mail programs cannot open a copy that is also for the other kind.',
    ),
  keyTransport: keyTransport
    .default('rsa-pkcs1')
    .describe('How the content key is encrypted to RSA certificates. rsa-oaep is the better scheme, but fewer mail programs read it.'),
  headerProtection: headerProtection
    .default('off')
    .describe(
      'on: the header (Subject, From, To, Date and the others) is signed too, and an encrypted copy hides the Subject from everybody on the way (RFC 9788). off: the header stays outside the sealed part.',
    ),
  headerConfidentiality: headerConfidentiality
    .default('baseline')
    .describe(
      'What an encrypted copy hides when headerProtection is on. baseline: Subject, Comments, Keywords, Thread-Topic and Thread-Index. shy: also the names beside the addresses in From, To and Cc, and the time zone. none: nothing.',
    ),
  headerConfidential: fieldNames()
    .default([])
    .meta({ example: ['X-Case-Number'] })
    .describe(
      'Names of further header fields that an encrypted copy hides when headerProtection is on, whatever headerConfidentiality says.',
    ),
  legacyDisplay: legacyDisplay
    .default('on')
    .describe(
      'on: what people look at and an encrypted copy hides, such as the Subject, is repeated at the beginning of its text, for mail programs that do not know RFC 9788. Others do not show it twice. off: such programs show the Subject as [...].',
    ),
  missingCertificate: missingCertificate
    .default('quarantine')
    .describe('What becomes of a message when a certificate that is needed is missing: it is held for a person.'),
  clearCopies: clearCopies
    .default('refuse')
    .describe(
      'When encryption is required for one recipient, may another get a clear copy of the same message? refuse holds the whole message.',
    ),
  alreadySigned: alreadyProtected
    .default('seal')
    .describe(
      'What is done with mail that is submitted signed (S/MIME or OpenPGP). seal: it is sealed like any other content, its signature unharmed inside. pass: it keeps its signature and gets none of ours, but is encrypted all the same. refuse: it is held for a person.',
    ),
  alreadyEncrypted: alreadyProtected
    .default('refuse')
    .describe(
      'What is done with mail that is submitted encrypted. seal: it is sealed like any other content. pass: it leaves as it is, if it really is encrypted, and to the recipients. refuse: it is held for a person.',
    ),
  tripleWrap: tripleWrap
    .default('off')
    .describe('on: encrypted copies are signed once more outside the encryption (RFC 2634), in the form that sign says.'),
  signWith: signWith
    .default('oneKey')
    .describe(
      'An identity may have several keys, say RSA and EC. oneKey: the first that may sign does. allKeys: each makes a signature of its own; many mail programs want all of them to be good.',
    ),
  maxRecipientInfos: integer(1, 5000)
    .default(100)
    .describe('Recipients in To and Cc who share one encrypted copy, 1 to 5000. Blind recipients always get a copy each.'),
  fallbackCharset: charset().default('windows-1252').describe('Character encoding taken for a text that names none and is not UTF-8.'),
}).prefault({});

const ruleProtect = section({
  sign: sign.exactOptional(),
  signature: signature.exactOptional(),
  digest: digest.exactOptional(),
  encrypt: encrypt.exactOptional(),
  content: content.exactOptional(),
  contentAtLeast: contentAtLeast.exactOptional(),
  whenCiphersDiffer: whenCiphersDiffer.exactOptional(),
  whenKeysDiffer: whenKeysDiffer.exactOptional(),
  keyTransport: keyTransport.exactOptional(),
  headerProtection: headerProtection.exactOptional(),
  headerConfidentiality: headerConfidentiality.exactOptional(),
  headerConfidential: fieldNames().exactOptional(),
  legacyDisplay: legacyDisplay.exactOptional(),
  missingCertificate: missingCertificate.exactOptional(),
  clearCopies: clearCopies.exactOptional(),
  alreadySigned: alreadyProtected.exactOptional(),
  alreadyEncrypted: alreadyProtected.exactOptional(),
  tripleWrap: tripleWrap.exactOptional(),
  signWith: signWith.exactOptional(),
});

/** One rule of `rules`. */
export const ruleItem = z.strictObject({
  name: z
    .string({ error: 'must be a text; give each rule a name of its own, it is written into the audit trail' })
    .regex(/^[^\p{C}]{1,100}$/u, { error: 'must have 1 to 100 characters on one line; give the rule a short name' })
    .describe('A name of its own; it is written into the audit trail.'),
  when: z
    .strictObject(
      {
        to: addressPatterns()
          .exactOptional()
          .describe('Envelope recipient: an address, a pattern such as "*@partner.example", or a list of them.'),
        from: addressPatterns().exactOptional().describe('The visible From, in the same way.'),
        header: headerPatterns().exactOptional().describe('Header fields and the text each must have, * for anything, in any case.'),
      },
      { error: 'must be a section of conditions; write "when: {}" to match every recipient' },
    )
    .describe('All conditions named must hold. "when: {}" matches every recipient.'),
  protect: ruleProtect.exactOptional().describe('Any key of protect above but maxRecipientInfos and fallbackCharset.'),
  delivery: section({
    via: via.exactOptional().describe('The way out for these recipients.'),
    job: transportWord().exactOptional().describe('Goes out as x-job.'),
    virtualMta: transportWord().exactOptional().describe('Goes out as x-virtual-mta.'),
  })
    .exactOptional()
    .describe('Overrides of delivery above.'),
  archive: ruleArchive.exactOptional().describe('Overrides of archive below: keepSealed.'),
});
