package dev.bitfleet.gateway.keys;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A key without its secret.
 *
 * @param name for people and logs
 * @param tenant whom things belong to; several keys may share one
 * @param sha256 of the secret, 64 hex digits. Secrets have 256 random bits, so nothing slower is
 *     needed: there is no dictionary to try.
 */
public record ApiKey(
    String name, String tenant, String sha256, Set<Scope> scopes, KeyLimits limits) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final String PREFIX = "bf-";
  private static final int SECRET_BYTES = 32;

  public ApiKey {
    if (!NAME.matcher(name).matches() || !NAME.matcher(tenant).matches()) {
      throw new IllegalArgumentException(
          "names and tenants take 1 to 64 letters, digits, '.', '_', '@' and '-'");
    }
    if (!HASH.matcher(sha256).matches()) {
      throw new IllegalArgumentException("sha256 takes 64 hex digits in lower case");
    }
    scopes = Set.copyOf(scopes);
  }

  /** A secret that was never used before. */
  public static String newSecret() {
    byte[] random = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(random);
    return PREFIX + HexFormat.of().formatHex(random);
  }

  /** What is kept of a secret. */
  public static String hashOf(String secret) {
    return HexFormat.of().formatHex(sha256Of(secret));
  }

  /**
   * The tenant as cached prefixes know it. Never 0, which is everybody's on a server without keys.
   */
  public long cacheScope() {
    byte[] hash = sha256Of(tenant);
    long scope = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      scope = scope << Byte.SIZE | (hash[i] & 0xff);
    }
    return scope == 0 || scope == -1 ? 1 : scope;
  }

  private static byte[] sha256Of(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
