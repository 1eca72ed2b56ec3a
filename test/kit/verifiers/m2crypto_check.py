"""Opens S/MIME messages with M2Crypto, Python's binding of OpenSSL's PKCS#7 code.

Arguments: the root certificate, then a certificate and a private key for each recipient (PEM files). Questions and answers are framed by a
4-octet length. A question is a message; an answer is one octet (1 = signature and chain good), the length and text of a fault, and the
entity found innermost.
"""

import struct
import sys

from M2Crypto import BIO, SMIME, X509, m2


def main():
    root, *pairs = sys.argv[1:]
    recipients = list(zip(pairs[::2], pairs[1::2]))
    store = X509.X509_Store()
    store.add_x509(X509.load_cert(root))
    for question in iter(read_frame, None):
        # OpenSSL queues errors: what an earlier message left must not be told of this one.
        while m2.err_get_error():
            pass
        try:
            good, fault, entity = 1, "", opened(question, store, recipients)
        except Exception as refused:  # Whatever M2Crypto says about a message is its verdict.
            good, fault, entity = 0, str(refused) or repr(refused), b""
        words = fault.encode()
        write_frame(struct.pack(">BI", good, len(words)) + words + entity)


def opened(message, store, recipients):
    if b"enveloped-data" in message.split(b"\r\n\r\n", 1)[0].lower():
        return verified(decrypted(message, recipients), store)
    return verified(message, store)


def decrypted(message, recipients):
    fault = SMIME.PKCS7_Error("no recipient keys given")
    for certificate, private_key in recipients:
        smime = SMIME.SMIME()
        p7, _ = SMIME.smime_load_pkcs7_bio(BIO.MemoryBuffer(message))
        try:
            smime.load_key(private_key, certificate)
            return smime.decrypt(p7)
        except Exception as refused:
            fault = refused
    raise fault


def verified(entity, store):
    p7, content = SMIME.smime_load_pkcs7_bio(BIO.MemoryBuffer(entity))
    smime = SMIME.SMIME()
    smime.set_x509_store(store)
    smime.set_x509_stack(X509.X509_Stack())
    return smime.verify(p7, content)


def read_frame():
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


def write_frame(octets):
    sys.stdout.buffer.write(struct.pack(">I", len(octets)) + octets)
    sys.stdout.buffer.flush()


main()
