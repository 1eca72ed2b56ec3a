// @ts-check
/** Addresses, subjects and bodies of a made-up archive: a message follows from its number alone. All names are of RFC 2606. */

const words =
  'Angebot invoice report reminder contract 見積書 délai balance statement appointment Befund meeting minutes shipment tender claim policy счёт transfer notice überprüfung order'.split(
    ' ',
  );
const people =
  'alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor walter wendy'.split(' ');

/** Those who have keys when the archive is a signed one. */
export const signers = ['alice', 'bob', 'carol', 'dave'].map((name) => `${name}@example.com`);
export const certified = people.slice(0, 8).map((name) => `${name}@bank.example`);

/** @typedef {{ sender: string, to: string[], cc: string[], bcc: string[], subject: string, messageId: string, rule: string | null, dropped: boolean, bytes: Buffer }} MadeMail */

/**
 * @param {number} number
 * @param {{ sizeBytes: number, time: Date, signed: boolean }} options
 * @returns {MadeMail}
 */
export function madeMail(number, { sizeBytes, time, signed }) {
  const random = generator(number);
  const pick = (/** @type {readonly string[]} */ list) => list[random(list.length)] ?? '';
  const sender = signed ? pick(signers) : `${pick(people)}.${random(50)}@${random(4) === 0 ? `d${random(20)}.example.com` : 'example.com'}`;
  const [to, cc, bcc] = [1 + random(2), random(8) === 0 ? 1 : 0, random(16) === 0 ? 1 : 0].map((count) =>
    Array.from({ length: count }, () => {
      const kind = random(10);
      if (kind === 0) return pick(certified);
      if (kind === 1) return `${pick(people)}${random(100)}@partner.example`;
      return `${pick(people)}.${random(2000)}@c${random(500)}.example.net`;
    }),
  );
  const recipients = [...(to ?? []), ...(cc ?? []), ...(bcc ?? [])];
  const rule = recipients.some((each) => each.endsWith('@partner.example'))
    ? 'partner'
    : recipients.some((each) => each.endsWith('@bank.example'))
      ? 'bank'
      : null;
  const subject = `${pick(words)} ${pick(words)} ${random(1_000_000)} no. ${number}`;
  const messageId = `${number}.${random(1e9)}@${sender.slice(sender.indexOf('@') + 1)}`;
  const named = (/** @type {string[]} */ list) => list.map((each) => `${each.split(/[.@]/)[0]} <${each}>`).join(',\r\n ');
  const head = [
    `From: ${named([sender])}`,
    `To: ${named(to ?? [])}`,
    ...((cc ?? []).length > 0 ? [`Cc: ${named(cc ?? [])}`] : []),
    ...((bcc ?? []).length > 0 ? [`Bcc: ${named(bcc ?? [])}`] : []),
    `Subject: ${/^[\x00-\x7f]*$/.test(subject) ? subject : `=?utf-8?b?${Buffer.from(subject).toString('base64')}?=`}`,
    `Date: ${time.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${messageId}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `Number ${number}.`,
  ].join('\r\n');
  const line = `\r\n${'The quick brown fox jumps over the lazy dog. '.repeat(2).slice(0, 76)}`;
  const body = line.repeat(Math.max(1, Math.round((sizeBytes - head.length) / line.length)));
  return {
    sender,
    to: to ?? [],
    cc: cc ?? [],
    bcc: bcc ?? [],
    subject,
    messageId,
    rule,
    dropped: number % 500 === 499,
    bytes: Buffer.from(`${head}${body}\r\n`),
  };
}

/**
 * Numbers below a bound, from a seed (mulberry32).
 * @param {number} seed
 * @returns {(bound: number) => number}
 */
function generator(seed) {
  let state = (seed * 0x9e3779b1) >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

/** What stands in for the certificate where nothing is really encrypted. */
export const nobody = Buffer.from('a certificate of nobody');
