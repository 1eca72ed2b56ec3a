"""Signs with Python's cryptography package."""

import framed
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

DIGESTS = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}


def sign(wanted, content):
    key = serialization.load_pem_private_key(read(wanted["privateKey"]), None)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate(wanted["certificate"]), key, DIGESTS[wanted["digest"]]())
    builder = builder.add_certificate(certificate(wanted["chain"]))
    detached = [pkcs7.PKCS7Options.DetachedSignature] if wanted["form"] == "detached" else []
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *detached])


def certificate(file):
    return x509.load_pem_x509_certificate(read(file))


def read(file):
    with open(file, "rb") as opened:
        return opened.read()


framed.answer(sign)
