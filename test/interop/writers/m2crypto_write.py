"""Signs and encrypts with M2Crypto."""

import framed
from M2Crypto import BIO, SMIME, X509, m2

CIPHERS = {"aes-128-cbc": "aes_128_cbc", "aes-192-cbc": "aes_192_cbc", "aes-256-cbc": "aes_256_cbc", "3des-cbc": "des_ede3_cbc"}


def write(wanted, content):
    # OpenSSL queues errors: what an earlier question left must not be told of this one.
    while m2.err_get_error():
        pass
    p7 = sign(wanted, content) if wanted["action"] == "sign" else encrypt(wanted, content)
    out = BIO.MemoryBuffer()
    p7.write_der(out)
    return out.read()


def sign(wanted, content):
    smime = SMIME.SMIME()
    smime.load_key(wanted["privateKey"], wanted["certificate"])
    smime.set_x509_stack(stack([wanted["chain"]]))
    form = SMIME.PKCS7_DETACHED if wanted["form"] == "detached" else 0
    return smime.sign(BIO.MemoryBuffer(content), SMIME.PKCS7_BINARY | form, algo=wanted["digest"])


def encrypt(wanted, content):
    smime = SMIME.SMIME()
    smime.set_x509_stack(stack(wanted["recipients"]))
    smime.set_cipher(SMIME.Cipher(CIPHERS.get(wanted["cipher"], wanted["cipher"])))
    return smime.encrypt(BIO.MemoryBuffer(content), SMIME.PKCS7_BINARY)


def stack(files):
    certificates = X509.X509_Stack()
    for file in files:
        certificates.push(X509.load_cert(file))
    return certificates


framed.answer(write)
