"""M2Crypto, in one process of two. Arguments and what it prints: run.mjs."""

import timed
from M2Crypto import BIO, SMIME, X509


def prepare(keys):
    signer = SMIME.SMIME()
    signer.load_key(f"{keys}/steve@example.com.pem", f"{keys}/steve@example.com.crt")
    encrypt = encrypter(keys)

    def seal(mail):
        with open(mail, "rb") as file:
            p7 = signer.sign(BIO.MemoryBuffer(file.read()), SMIME.PKCS7_BINARY, algo="sha256")
        signed = BIO.MemoryBuffer()
        signer.write(signed, p7)
        return encrypt(signed)

    return seal


def encrypter(keys):
    recipients = X509.X509_Stack()
    recipients.push(X509.load_cert(f"{keys}/bob@example.net.crt"))
    smime = SMIME.SMIME()
    smime.set_x509_stack(recipients)
    smime.set_cipher(SMIME.Cipher("aes_256_cbc"))

    def encrypt(entity):
        out = BIO.MemoryBuffer()
        smime.write(out, smime.encrypt(entity, SMIME.PKCS7_BINARY))
        return out.read()

    return encrypt


if __name__ == "__main__":
    timed.run(prepare)
