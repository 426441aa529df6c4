package dev.bitfleet.gateway.keys;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The keys that open this server. Immutable. */
public final class KeyRing {
  private final Map<String, ApiKey> byHash = new HashMap<>();

  public KeyRing(Collection<ApiKey> keys) {
    keys.forEach(key -> byHash.put(key.sha256(), key));
  }

  /**
   * The key of that secret. What is compared are hashes, so the time it takes tells nothing about
   * the secrets there are.
   */
  public Optional<ApiKey> find(String secret) {
    return Optional.ofNullable(byHash.get(ApiKey.hashOf(secret)));
  }

  public int size() {
    return byHash.size();
  }
}
