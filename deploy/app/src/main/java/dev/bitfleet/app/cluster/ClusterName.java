package dev.bitfleet.app.cluster;

import dev.bitfleet.app.config.ClusterConfiguration;
import dev.bitfleet.app.text.FileTrouble;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The name that members ask each other for: the cluster's, and where there is a secret, a tag that
 * only who has it can make (HMAC-SHA256 of the name, RFC 2104).
 */
final class ClusterName {
  private static final int SHORTEST_SECRET = 16;
  private static final int LONGEST_SECRET = 4096;

  private ClusterName() {}

  static String of(ClusterConfiguration wanted) throws ClusterException {
    Optional<Path> file = wanted.secretFile();
    if (file.isEmpty()) {
      return wanted.name();
    }
    try {
      if (Files.isDirectory(file.get())) {
        throw new ClusterException("cluster-secret-file: " + file.get() + " is a folder");
      }
      if (Files.size(file.get()) > LONGEST_SECRET) {
        throw new ClusterException(
            "cluster-secret-file: %s is no secret: it has more than %d bytes"
                .formatted(file.get(), LONGEST_SECRET));
      }
      String secret = Files.readString(file.get(), StandardCharsets.UTF_8).strip();
      if (secret.length() < SHORTEST_SECRET) {
        throw new ClusterException(
            "cluster-secret-file: the secret in %s has %d characters; give it %d or more"
                .formatted(file.get(), secret.length(), SHORTEST_SECRET));
      }
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), mac.getAlgorithm()));
      byte[] tag = mac.doFinal(wanted.name().getBytes(StandardCharsets.UTF_8));
      return wanted.name() + "-" + HexFormat.of().formatHex(tag);
    } catch (IOException e) {
      throw new ClusterException(
          "cluster-secret-file: %s cannot be read: %s".formatted(file.get(), FileTrouble.words(e)),
          e);
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException(e);
    }
  }
}
