import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import javax.mail.Session;
import javax.mail.internet.ContentType;
import javax.mail.internet.MimeMessage;
import javax.mail.internet.MimeMultipart;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.RecipientId;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientId;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.mail.smime.SMIMESigned;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/**
 * Opens S/MIME messages with BouncyCastle and JavaMail. Arguments: the root certificate, then a certificate and a private key for each
 * recipient (PEM files). Questions and answers are framed by a 4-octet length; a question is a message, an answer is one octet
 * (1 = signature and chain good), the length and text of a fault, and the entity found innermost.
 */
public final class SmimeCheck {
    private record Recipient(X509Certificate certificate, PrivateKey privateKey) {}

    private record Content(byte[] entity, boolean signed, String fault) {}

    private static final BouncyCastleProvider BC = new BouncyCastleProvider();
    private final X509Certificate root;
    private final List<Recipient> recipients = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        Security.addProvider(BC);
        new SmimeCheck(args).answer(new DataInputStream(System.in), new DataOutputStream(System.out));
    }

    private SmimeCheck(String[] args) throws Exception {
        root = certificate(args[0]);
        for (int n = 1; n + 1 < args.length; n += 2) {
            recipients.add(new Recipient(certificate(args[n]), privateKey(args[n + 1])));
        }
    }

    private void answer(DataInputStream in, DataOutputStream out) throws IOException {
        for (;;) {
            byte[] message;
            try {
                message = new byte[in.readInt()];
            } catch (EOFException noMoreQuestions) {
                return;
            }
            in.readFully(message);
            Content content = judge(message);
            byte[] fault = content.fault.getBytes(StandardCharsets.UTF_8);
            out.writeInt(5 + fault.length + content.entity.length);
            out.writeByte(content.signed && content.fault.isEmpty() ? 1 : 0);
            out.writeInt(fault.length);
            out.write(fault);
            out.write(content.entity);
            out.flush();
        }
    }

    private Content judge(byte[] message) {
        try {
            return open(new Content(message, false, "the message is not signed"));
        } catch (Exception refused) {
            return new Content(new byte[0], false, refused.toString());
        }
    }

    /** Takes off layer after layer until what is left is not S/MIME, or was signed (what is inside a signature is the sender's own). */
    private Content open(Content outer) throws Exception {
        MimeMessage mime = new MimeMessage(Session.getInstance(new Properties()), new ByteArrayInputStream(outer.entity));
        ContentType type = new ContentType(mime.getContentType());
        if (type.match("multipart/signed")) {
            SMIMESigned signed = new SMIMESigned((MimeMultipart) mime.getContent());
            return verified(signed);
        }
        if (!type.match("application/pkcs7-mime") && !type.match("application/x-pkcs7-mime")) return outer;
        byte[] cms;
        try (InputStream decoded = mime.getInputStream()) {
            cms = decoded.readAllBytes();
        }
        var contentType = ContentInfo.getInstance(cms).getContentType();
        if (contentType.equals(CMSObjectIdentifiers.signedData)) return verified(new CMSSignedData(cms));
        RecipientInformationStore infos;
        if (contentType.equals(CMSObjectIdentifiers.authEnvelopedData)) infos = new CMSAuthEnvelopedData(cms).getRecipientInfos();
        else infos = new CMSEnvelopedData(cms).getRecipientInfos();
        return open(new Content(decrypted(infos), false, "the message is not signed"));
    }

    private byte[] decrypted(RecipientInformationStore infos) throws CMSException {
        for (Recipient recipient : recipients) {
            boolean elliptic = !recipient.privateKey.getAlgorithm().equals("RSA");
            RecipientId id =
                    elliptic ? new JceKeyAgreeRecipientId(recipient.certificate) : new JceKeyTransRecipientId(recipient.certificate);
            RecipientInformation info = infos.get(id);
            if (info == null) continue;
            return info.getContent(
                    elliptic
                            ? new JceKeyAgreeEnvelopedRecipient(recipient.privateKey).setProvider(BC)
                            : new JceKeyTransEnvelopedRecipient(recipient.privateKey).setProvider(BC));
        }
        throw new CMSException("no RecipientInfo for any of our keys");
    }

    private Content verified(CMSSignedData signed) throws Exception {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        signed.getSignedContent().write(content);
        Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
        String fault = signers.isEmpty() ? "no SignerInfo" : "";
        for (SignerInformation signer : signers) {
            try {
                check(signed, signer);
            } catch (Exception refused) {
                fault = refused.toString();
            }
        }
        return new Content(content.toByteArray(), true, fault);
    }

    private void check(CMSSignedData signed, SignerInformation signer) throws Exception {
        Collection<X509CertificateHolder> own = signed.getCertificates().getMatches(signer.getSID());
        if (own.isEmpty()) throw new CMSException("the signer's certificate is not in the message");
        X509Certificate certificate = x509(own.iterator().next());
        // Also compares contentType and messageDigest, and refuses signed attributes that are not DER.
        if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(certificate))) {
            throw new CMSException("the signature does not verify");
        }
        boolean[] keyUsage = certificate.getKeyUsage();
        if (keyUsage != null && !keyUsage[0] && !keyUsage[1]) throw new CMSException("the signer's certificate is not for signing");

        List<X509Certificate> all = new ArrayList<>();
        for (X509CertificateHolder holder : signed.getCertificates().getMatches(null)) {
            all.add(x509(holder));
        }
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(certificate);
        target.setExtendedKeyUsage(Set.of("1.3.6.1.5.5.7.3.4"));
        PKIXBuilderParameters path = new PKIXBuilderParameters(Set.of(new TrustAnchor(root, null)), target);
        path.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(all), BC));
        path.setRevocationEnabled(false);
        CertPathBuilder.getInstance("PKIX", BC).build(path);
    }

    private static X509Certificate x509(X509CertificateHolder holder) throws Exception {
        return new JcaX509CertificateConverter().setProvider(BC).getCertificate(holder);
    }

    private static X509Certificate certificate(String path) throws Exception {
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509", BC).generateCertificate(in);
        }
    }

    private static PrivateKey privateKey(String path) throws Exception {
        try (PEMParser parser = new PEMParser(Files.newBufferedReader(Path.of(path)))) {
            return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
    }
}
