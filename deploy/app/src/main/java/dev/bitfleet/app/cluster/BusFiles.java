package dev.bitfleet.app.cluster;

import dev.bitfleet.app.config.ClusterConfiguration;
import dev.bitfleet.app.text.FileTrouble;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;

/** The PEM files of the event bus, looked at before a node joins with what cannot be used. */
final class BusFiles {
  private static final String KEY = "PRIVATE KEY-----";

  private BusFiles() {}

  static void check(ClusterConfiguration.Tls tls) throws ClusterException {
    certificates("cluster-tls-cert", tls.certificate());
    key("cluster-tls-key", tls.key());
    certificates("cluster-tls-ca", tls.authorities());
  }

  private static void certificates(String setting, Path file) throws ClusterException {
    try (InputStream in = Files.newInputStream(file)) {
      if (CertificateFactory.getInstance("X.509").generateCertificates(in).isEmpty()) {
        throw new ClusterException(setting + ": there is no certificate in " + file);
      }
    } catch (IOException e) {
      throw unreadable(setting, file, e);
    } catch (CertificateException e) {
      throw new ClusterException(setting + ": there is no PEM certificate in " + file, e);
    }
  }

  private static void key(String setting, Path file) throws ClusterException {
    try {
      // Also what is no text is to be told by what it lacks.
      if (!Files.readString(file, StandardCharsets.ISO_8859_1).contains(KEY)) {
        throw new ClusterException(setting + ": there is no PEM private key in " + file);
      }
    } catch (IOException e) {
      throw unreadable(setting, file, e);
    }
  }

  private static ClusterException unreadable(String setting, Path file, IOException e) {
    return new ClusterException(
        "%s: %s cannot be read: %s".formatted(setting, file, FileTrouble.words(e)), e);
  }
}
