"""
Python's cryptography, in one process of two. Before version 44 it signs but does not encrypt with AES-256; there M2Crypto does that.
Arguments and what it prints: run.mjs.
"""

import timed
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

BINARY = [pkcs7.PKCS7Options.Binary]


def prepare(keys):
    key = serialization.load_pem_private_key(read(f"{keys}/steve@example.com.pem"), None)
    certificate = x509.load_pem_x509_certificate(read(f"{keys}/steve@example.com.crt"))
    encrypt = encrypter(keys)

    def seal(mail):
        builder = pkcs7.PKCS7SignatureBuilder().set_data(read(mail)).add_signer(certificate, key, hashes.SHA256())
        return encrypt(entity(b"signed-data", builder.sign(Encoding.PEM, BINARY)))

    return seal


def encrypter(keys):
    if not hasattr(pkcs7, "PKCS7EnvelopeBuilder"):
        import m2crypto_seal
        from M2Crypto import BIO

        encrypt_entity = m2crypto_seal.encrypter(keys)
        return lambda signed: encrypt_entity(BIO.MemoryBuffer(signed))

    from cryptography.hazmat.primitives.ciphers.algorithms import AES256

    recipient = x509.load_pem_x509_certificate(read(f"{keys}/bob@example.net.crt"))

    def encrypt(signed):
        builder = pkcs7.PKCS7EnvelopeBuilder().set_data(signed).add_recipient(recipient).set_content_encryption_algorithm(AES256)
        return entity(b"enveloped-data", builder.encrypt(Encoding.PEM, BINARY))

    return encrypt


def entity(smime_type, pem):
    """Encoding.SMIME does not write opaque signatures, and is slow; PEM is base64 in lines, and fast. What stands around that goes."""
    header = b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=%b\nContent-Transfer-Encoding: base64\n\n"
    return header % smime_type + pem[pem.index(b"\n") + 1 : pem.rindex(b"-----END")]


def read(path):
    with open(path, "rb") as file:
        return file.read()


timed.run(prepare)
