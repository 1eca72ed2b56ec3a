import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedDataStreamGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSSignedDataStreamGenerator;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;

/**
 * Signs and encrypts with BouncyCastle. Questions and answers are framed by a 4-octet length; a question is a line of `name=value` between
 * tabs, then the content; an answer is one octet (1 = done), the length and text of a fault, and the CMS.
 */
public final class SmimeWrite {
    private static final BouncyCastleProvider BC = new BouncyCastleProvider();
    private static final Map<String, ASN1ObjectIdentifier> CIPHERS = Map.of(
            "aes-128-cbc", CMSAlgorithm.AES128_CBC,
            "aes-192-cbc", CMSAlgorithm.AES192_CBC,
            "aes-256-cbc", CMSAlgorithm.AES256_CBC,
            "3des-cbc", CMSAlgorithm.DES_EDE3_CBC,
            "aes-128-gcm", CMSAlgorithm.AES128_GCM,
            "aes-256-gcm", CMSAlgorithm.AES256_GCM,
            "chacha20-poly1305", PKCSObjectIdentifiers.id_alg_AEADChaCha20Poly1305);
    private static final Map<String, ASN1ObjectIdentifier> AGREEMENTS = Map.of(
            "sha1", CMSAlgorithm.ECDH_SHA1KDF,
            "sha256", CMSAlgorithm.ECDH_SHA256KDF,
            "sha384", CMSAlgorithm.ECDH_SHA384KDF,
            "sha512", CMSAlgorithm.ECDH_SHA512KDF,
            "hkdf-sha256", new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.3.19")); // RFC 8418

    public static void main(String[] args) throws IOException {
        Security.addProvider(BC);
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(System.out);
        for (;;) {
            byte[] question;
            try {
                question = new byte[in.readInt()];
            } catch (EOFException noMoreQuestions) {
                return;
            }
            in.readFully(question);
            byte[] cms = new byte[0];
            String fault = "";
            try {
                cms = answer(question);
            } catch (Exception refused) {
                fault = refused.toString();
            }
            byte[] words = fault.getBytes(StandardCharsets.UTF_8);
            out.writeInt(5 + words.length + cms.length);
            out.writeByte(fault.isEmpty() ? 1 : 0);
            out.writeInt(words.length);
            out.write(words);
            out.write(cms);
            out.flush();
        }
    }

    private static byte[] answer(byte[] question) throws Exception {
        int end = 0;
        while (question[end] != '\n') end++;
        Map<String, String> wanted = new HashMap<>();
        for (String member : new String(question, 0, end, StandardCharsets.UTF_8).split("\t")) {
            String[] pair = member.split("=", 2);
            wanted.put(pair[0], pair[1]);
        }
        byte[] content = Arrays.copyOfRange(question, end + 1, question.length);
        return wanted.get("action").equals("sign") ? sign(wanted, content) : encrypt(wanted, content);
    }

    private static byte[] sign(Map<String, String> wanted, byte[] content) throws Exception {
        X509Certificate certificate = certificate(wanted.get("certificate"));
        PrivateKey key = privateKey(wanted.get("privateKey"));
        var signer = new JcaSimpleSignerInfoGeneratorBuilder().setProvider(BC).build(wanted.get("signature"), key, certificate);
        JcaCertStore certificates = new JcaCertStore(List.of(certificate, certificate(wanted.get("chain"))));
        boolean opaque = wanted.get("form").equals("opaque");
        if (wanted.get("indefinite").equals("true")) {
            CMSSignedDataStreamGenerator generator = new CMSSignedDataStreamGenerator();
            generator.addSignerInfoGenerator(signer);
            generator.addCertificates(certificates);
            ByteArrayOutputStream cms = new ByteArrayOutputStream();
            try (OutputStream body = generator.open(cms, opaque)) {
                body.write(content);
            }
            return cms.toByteArray();
        }
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(signer);
        generator.addCertificates(certificates);
        return generator.generate(new CMSProcessableByteArray(content), opaque).toASN1Structure().getEncoded("DER");
    }

    private static byte[] encrypt(Map<String, String> wanted, byte[] content) throws Exception {
        OutputEncryptor cipher = new JceCMSContentEncryptorBuilder(CIPHERS.get(wanted.get("cipher"))).setProvider(BC).build();
        List<RecipientInfoGenerator> recipients = new ArrayList<>();
        for (String file : wanted.get("to").split(",")) recipients.add(recipient(certificate(file), wanted));
        if (cipher instanceof OutputAEADEncryptor authenticated) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            return generator.generate(new CMSProcessableByteArray(content), authenticated).toASN1Structure().getEncoded("DER");
        }
        if (wanted.get("indefinite").equals("true")) {
            CMSEnvelopedDataStreamGenerator generator = new CMSEnvelopedDataStreamGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            ByteArrayOutputStream cms = new ByteArrayOutputStream();
            try (OutputStream body = generator.open(cms, cipher)) {
                body.write(content);
            }
            return cms.toByteArray();
        }
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        recipients.forEach(generator::addRecipientInfoGenerator);
        return generator.generate(new CMSProcessableByteArray(content), cipher).toASN1Structure().getEncoded("DER");
    }

    private static RecipientInfoGenerator recipient(X509Certificate certificate, Map<String, String> wanted) throws Exception {
        if (!certificate.getPublicKey().getAlgorithm().equals("RSA")) return agreement(certificate, wanted);
        String transport = wanted.get("transport");
        if (transport.equals("pkcs1")) return new JceKeyTransRecipientInfoGenerator(certificate).setProvider(BC);
        String digest = transport.equals("oaep-sha1") ? "SHA-1" : "SHA-256";
        OAEPParameterSpec oaep = new OAEPParameterSpec(digest, "MGF1", new MGF1ParameterSpec(digest), PSource.PSpecified.DEFAULT);
        AlgorithmIdentifier algorithm =
                new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, oaep);
        return new JceKeyTransRecipientInfoGenerator(certificate, algorithm).setProvider(BC);
    }

    private static RecipientInfoGenerator agreement(X509Certificate certificate, Map<String, String> wanted) throws Exception {
        KeyPair ephemeral;
        if (certificate.getPublicKey() instanceof ECPublicKey elliptic) {
            KeyPairGenerator keys = KeyPairGenerator.getInstance("EC", BC);
            keys.initialize(elliptic.getParams());
            ephemeral = keys.generateKeyPair();
        } else {
            ephemeral = KeyPairGenerator.getInstance("X25519", BC).generateKeyPair();
        }
        JceKeyAgreeRecipientInfoGenerator generator = new JceKeyAgreeRecipientInfoGenerator(
                AGREEMENTS.get(wanted.get("kdf")), ephemeral.getPrivate(), ephemeral.getPublic(), CMSAlgorithm.AES256_WRAP);
        return generator.setProvider(BC).addRecipient(certificate);
    }

    private static X509Certificate certificate(String path) throws Exception {
        try (InputStream in = new FileInputStream(path)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509", BC).generateCertificate(in);
        }
    }

    private static PrivateKey privateKey(String path) throws Exception {
        try (PEMParser parser = new PEMParser(Files.newBufferedReader(Path.of(path)))) {
            return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
    }
}
