import { execFileSync } from 'node:child_process';

/** Who the tables are about, by the Debian package that tells the version. */
const PACKAGES: Readonly<Record<string, string>> = {
  OpenSSL: 'openssl',
  gpgsm: 'gpgsm',
  NSS: 'libnss3-tools',
  GnuTLS: 'gnutls-bin',
  BouncyCastle: 'libbcprov-java',
  M2Crypto: 'python3-m2crypto',
  cryptography: 'python3-cryptography',
};

/** `OpenSSL 3.0.19, gpgsm 2.2.40, …` as installed; throws where one of them is not. */
export function versions(): string {
  return Object.entries(PACKAGES)
    .map(([name, debianPackage]) => `${name} ${upstream(debianPackage)}`)
    .join(', ');
}

/** Without Debian's epoch and revision. */
function upstream(debianPackage: string): string {
  const version = execFileSync('dpkg-query', ['-W', '-f', `$${'{Version}'}`, debianPackage]).toString();
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}
