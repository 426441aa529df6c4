package dev.bitfleet.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** A certificate authority for tests, made with the JDK's keytool, and what it signs. PEM files. */
final class Certificates {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String PASSWORD = "only for this test";

  private final Path folder;

  /**
   * A new one.
   *
   * @param folder of its own
   */
  Certificates(Path folder) throws Exception {
    this.folder = Files.createDirectories(folder);
    keytool("ca", "-ext", "bc:c");
    Files.writeString(authority(), pem("CERTIFICATE", store().getCertificate("ca").getEncoded()));
  }

  /** The certificate everybody knows who trusts it. */
  Path authority() {
    return folder.resolve("ca.pem");
  }

  /** What a node shows. */
  record Issued(Path certificate, Path key) {
    /** The settings of a node that shows this and believes whom that authority has signed for. */
    List<String> settings(Certificates believed) {
      return List.of(
          "--cluster-tls-cert",
          certificate.toString(),
          "--cluster-tls-key",
          key.toString(),
          "--cluster-tls-ca",
          believed.authority().toString());
    }
  }

  /** Signs for a node on this machine. */
  Issued issue(String name) throws Exception {
    Path certificate = folder.resolve(name + ".pem");
    Path key = folder.resolve(name + ".key");
    keytool(name, "-signer", "ca", "-ext", "san=ip:127.0.0.1");
    KeyStore store = store();
    Files.writeString(certificate, pem("CERTIFICATE", store.getCertificate(name).getEncoded()));
    Files.writeString(
        key, pem("PRIVATE KEY", store.getKey(name, PASSWORD.toCharArray()).getEncoded()));
    return new Issued(certificate, key);
  }

  private static String pem(String kind, byte[] encoded) {
    return "-----BEGIN %s-----%n%s%n-----END %s-----%n"
        .formatted(kind, Base64.getMimeEncoder().encodeToString(encoded), kind);
  }

  private Path file() {
    return folder.resolve("store.p12");
  }

  private KeyStore store() throws Exception {
    return KeyStore.getInstance(file().toFile(), PASSWORD.toCharArray());
  }

  /** Makes a pair of keys with a certificate. */
  private void keytool(String name, String... arguments) throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(
        List.of(
            "-genkeypair",
            "-keyalg",
            "EC",
            "-dname",
            "CN=" + name,
            "-alias",
            name,
            "-keystore",
            file().toString(),
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD));
    command.addAll(Arrays.asList(arguments));
    Exit exit = Exit.of(folder, Map.of(), LIMIT, command);
    if (exit.status() != 0) {
      throw new AssertionError(command + "\n" + exit.out() + exit.err());
    }
  }
}
