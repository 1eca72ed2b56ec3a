import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCertificate } from '../../../src/smime/read/certificate.js';
import { checkPath } from '../../../src/smime/read/chain.js';
import { EC, Kit, mailExtensions, type Party, RSA } from './kit.js';

const KEY = EC('P-256');
const CA_EXTENSIONS = ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign', 'subjectKeyIdentifier=hash'];

let kit: Kit;
let leaf: Party;
beforeAll(() => {
  kit = new Kit();
  leaf = kit.user('alice@example.com', KEY);
});
afterAll(() => kit.dispose());

interface Check {
  readonly anchors?: readonly Party[];
  readonly candidates?: readonly Party[];
  readonly at?: Date;
}

function check(of: Party, { anchors = [kit.root], candidates = [kit.intermediate], at = new Date() }: Check = {}) {
  const read = ({ certificate }: Party) => readCertificate(certificate);
  return checkPath(read(of), { anchors: anchors.map(read), candidates: candidates.map(read), at, budget: { verificationsLeft: 100 } });
}

function reason(verdict: ReturnType<typeof checkPath>): string {
  return verdict.trusted ? 'trusted' : verdict.reason;
}

/** A CA under the root, and a leaf under it. */
function under(
  caExtensions: readonly string[],
  leafExtensions = mailExtensions('alice@example.com'),
  subject = '/CN=Alice',
): Check & { of: Party } {
  const ca = kit.party({ key: KEY, subject: '/CN=Example Sub CA', extensions: caExtensions, issuer: kit.root });
  return { of: kit.party({ key: KEY, subject, extensions: leafExtensions, issuer: ca }), candidates: [ca] };
}

describe('checkPath', () => {
  it('trusts a leaf through an intermediate to an anchor', () => {
    expect(check(leaf)).toEqual({ trusted: true, weak: [] });
  });

  it('trusts an intermediate given as anchor, and a leaf that is an anchor itself', () => {
    expect(check(leaf, { anchors: [kit.intermediate], candidates: [] }).trusted).toBe(true);
    expect(check(leaf, { anchors: [leaf], candidates: [] }).trusted).toBe(true);
  });

  it('does not trust a leaf whose intermediate is missing, nor one of another CA', () => {
    expect(reason(check(leaf, { candidates: [] }))).toMatch(/no path leads/);
    const stranger = kit.party({ key: KEY, subject: '/CN=Stranger CA', extensions: CA_EXTENSIONS });
    expect(reason(check(leaf, { anchors: [stranger] }))).toMatch(/no path leads/);
  });

  it('does not trust a CA of the same name with another key', () => {
    const impostor = kit.party({ key: KEY, subject: '/O=Example Trust/CN=Example Root CA', extensions: CA_EXTENSIONS });
    expect(reason(check(leaf, { anchors: [impostor] }))).toMatch(/no path leads/);
  });

  it('does not trust a certificate that only names a CA as its issuer', () => {
    const name = '/O=Example Trust/CN=Example Mail CA';
    const identifier = readCertificate(kit.intermediate.certificate).subjectKeyIdentifier.toString('hex');
    const impostor = kit.party({
      key: KEY,
      subject: name,
      extensions: [...CA_EXTENSIONS.slice(0, 2), `subjectKeyIdentifier=${identifier}`],
    });
    const forged = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com'), issuer: impostor });
    expect(reason(check(forged))).toMatch(/no path leads/);
    expect(check(forged, { candidates: [kit.intermediate, impostor] }).trusted).toBe(false);
    expect(check(forged, { anchors: [impostor] }).trusted).toBe(true);
  });

  it('does not trust a self-signed certificate that is no anchor', () => {
    const lone = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com') });
    expect(check(lone, { candidates: [lone] }).trusted).toBe(false);
  });

  it('does not trust outside the validity of any certificate on the path', () => {
    expect(reason(check(leaf, { at: new Date('2020-01-01') }))).toMatch(/not valid before/);
    expect(reason(check(leaf, { at: new Date('2099-01-01') }))).toMatch(/expired/);
    const shortLived = kit.party({ key: KEY, subject: '/CN=Short Lived CA', extensions: CA_EXTENSIONS, issuer: kit.root, days: 1 });
    const below = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com'), issuer: shortLived });
    const at = new Date(Date.now() + 10 * 86_400_000);
    expect(reason(check(below, { candidates: [shortLived], at }))).toMatch(/Short Lived CA expired/);
  });

  it('does not trust a leaf issued by another leaf', () => {
    const other = kit.user('mallory@example.com', KEY);
    const forged = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com'), issuer: other });
    expect(reason(check(forged, { candidates: [kit.intermediate, other] }))).toMatch(/not a CA/);
  });

  it('does not trust a CA whose keyUsage lacks keyCertSign', () => {
    const { of, ...options } = under(['basicConstraints=critical,CA:true', 'keyUsage=critical,digitalSignature']);
    expect(check(of, options).trusted).toBe(false);
  });

  it('does not trust more CAs than a pathLenConstraint allows', () => {
    const upper = kit.party({
      key: KEY,
      subject: '/CN=Upper',
      extensions: ['basicConstraints=critical,CA:true,pathlen:0'],
      issuer: kit.root,
    });
    const lower = kit.party({ key: KEY, subject: '/CN=Lower', extensions: CA_EXTENSIONS, issuer: upper });
    const direct = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com'), issuer: upper });
    const deep = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com'), issuer: lower });
    expect(check(direct, { candidates: [upper] }).trusted).toBe(true);
    expect(reason(check(deep, { candidates: [upper, lower] }))).toMatch(/pathLenConstraint/);
  });

  it('does not trust a certificate for other purposes than mail', () => {
    const server = kit.party({ key: KEY, extensions: ['extendedKeyUsage=serverAuth'], issuer: kit.intermediate });
    const encryption = kit.party({ key: KEY, extensions: ['keyUsage=critical,keyAgreement'], issuer: kit.intermediate });
    expect(reason(check(server))).toMatch(/extKeyUsage/);
    expect(reason(check(encryption))).toMatch(/keyUsage/);
    const { of, ...options } = under([...CA_EXTENSIONS, 'extendedKeyUsage=serverAuth']);
    expect(reason(check(of, options))).toMatch(/Sub CA is not meant for mail/);
  });

  it('trusts a certificate for any purpose', () => {
    const any = kit.party({ key: KEY, extensions: ['extendedKeyUsage=anyExtendedKeyUsage'], issuer: kit.intermediate });
    expect(check(any).trusted).toBe(true);
  });

  it('does not trust a critical extension it does not understand', () => {
    const strange = kit.party({ key: KEY, extensions: ['1.2.3.4=critical,DER:0500'], issuer: kit.intermediate });
    const known = kit.party({ key: KEY, extensions: ['1.2.3.4=DER:0500'], issuer: kit.intermediate });
    expect(reason(check(strange))).toMatch(/1\.2\.3\.4/);
    expect(check(known).trusted).toBe(true);
  });

  it('does not trust a certificate signed with MD5, and names SHA-1 weak', () => {
    const rsaCa = kit.party({ key: RSA(), subject: '/CN=RSA CA', extensions: CA_EXTENSIONS });
    const options = { anchors: [rsaCa], candidates: [] };
    const broken = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com'), issuer: rsaCa, digest: 'md5' });
    const weak = kit.party({ key: KEY, extensions: mailExtensions('alice@example.com'), issuer: rsaCa, digest: 'sha1' });
    expect(reason(check(broken, options))).toMatch(/MD5/);
    expect(check(weak, options)).toEqual({ trusted: true, weak: ['a certificate signed with SHA-1 (weak)'] });
  });

  it('names RSA keys below 2048 bits weak and trusts none below 1024', () => {
    const weak = kit.party({ key: RSA(1024), extensions: mailExtensions('alice@example.com'), issuer: kit.intermediate });
    const tiny = kit.party({ key: RSA(768), extensions: mailExtensions('alice@example.com'), issuer: kit.intermediate });
    expect(check(weak)).toEqual({ trusted: true, weak: ['an RSA key of less than 2048 bits (weak)'] });
    expect(reason(check(tiny))).toMatch(/less than 1024/);
  });

  it('finds the sound path among several to the same name', () => {
    const expired = kit.party({
      key: KEY,
      subject: '/O=Example Trust/CN=Example Mail CA',
      extensions: CA_EXTENSIONS,
      issuer: kit.root,
      days: 1,
    });
    expect(check(leaf, { candidates: [expired, kit.intermediate] }).trusted).toBe(true);
  });

  it('gives up on a crowd of CAs of the right name instead of trying them for ever', () => {
    const name = '/O=Example Trust/CN=Example Mail CA';
    const crowd = kit.party({ key: KEY, subject: name, extensions: CA_EXTENSIONS });
    const read = readCertificate(crowd.certificate);
    const copies = Array.from({ length: 200 }, (_, index) => ({ ...read, der: Buffer.concat([read.der, Buffer.of(index)]) }));
    const verdict = checkPath(readCertificate(leaf.certificate), {
      anchors: [],
      candidates: copies,
      at: new Date(),
      budget: { verificationsLeft: 100 },
    });
    expect(reason(verdict)).toMatch(/too many paths/);
  });
});

describe('checkPath, given nameConstraints', () => {
  const constrained = (value: string) => [...CA_EXTENSIONS, `nameConstraints=critical,${value}`];

  it.each([
    ['permitted;email:example.com', 'alice@example.com', true],
    ['permitted;email:example.com', 'alice@sub.example.com', false],
    ['permitted;email:.example.com', 'alice@sub.example.com', true],
    ['permitted;email:example.com', 'alice@example.org', false],
    ['permitted;email:alice@example.com', 'alice@example.com', true],
    ['permitted;email:alice@example.com', 'bob@example.com', false],
    ['excluded;email:example.com', 'alice@EXAMPLE.com', false],
    ['excluded;email:example.org', 'alice@example.com', true],
  ])('with %s, trust in %s is %s', (constraint, address, trusted) => {
    const { of, ...options } = under(constrained(constraint), mailExtensions(address));
    expect(check(of, options).trusted).toBe(trusted);
  });

  it('holds an emailAddress in the subject to them too', () => {
    const { of, ...options } = under(
      constrained('permitted;email:example.com'),
      mailExtensions(),
      '/CN=Alice/emailAddress=alice@example.org',
    );
    expect(reason(check(of, options))).toMatch(/may not certify the address/);
  });

  it('compares distinguished names by their first RDNs', () => {
    const extensions = [...CA_EXTENSIONS, 'nameConstraints=critical,permitted;dirName:dn\n[dn]\nO=Example Ltd'];
    const inside = under(extensions, mailExtensions('alice@example.com'), '/O=Example Ltd/CN=Alice');
    const outside = under(extensions, mailExtensions('alice@example.com'), '/O=Other Ltd/CN=Alice');
    expect(check(inside.of, inside).trusted).toBe(true);
    expect(reason(check(outside.of, outside))).toMatch(/subject name/);
  });

  it('refuses a name of a constrained form it cannot compare', () => {
    const { of, ...options } = under(constrained('permitted;DNS:example.com'), [
      ...mailExtensions(),
      'subjectAltName=DNS:mail.example.com',
    ]);
    expect(reason(check(of, options))).toMatch(/form of name/);
  });
});
