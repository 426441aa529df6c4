package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.store.StoredAnswer;
import java.security.MessageDigest;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * A request that may come again, or has.
 *
 * @param name what it is known by: a key of its tenant's, or what it says
 * @param fingerprint of what it says; not to be changed
 * @param again whether its sender has tried before
 * @param lasting whether something is kept that it must not keep twice
 * @param then carries it out
 * @param replaying answers it from what it was answered before
 */
@SuppressWarnings("ArrayRecordComponent")
record Repeatable(
    Exchange exchange,
    Name name,
    byte[] fingerprint,
    boolean again,
    boolean lasting,
    Consumer<Claim> then,
    BiConsumer<Exchange, StoredAnswer> replaying) {

  /** Names a request among those of all tenants. */
  record Name(String tenant, boolean keyed, String text) {}

  boolean says(byte[] other) {
    return MessageDigest.isEqual(fingerprint, other);
  }
}
