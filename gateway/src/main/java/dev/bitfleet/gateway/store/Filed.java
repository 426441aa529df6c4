package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import java.util.List;

/**
 * A document as it is kept. Times are Unix milliseconds.
 *
 * @param updated of two versions the later one holds
 * @param deleted a tombstone; its body is empty
 * @param body not to be changed
 * @param about ids of documents that it goes with when they are deleted
 */
@SuppressWarnings("ArrayRecordComponent")
record Filed(
    String tenant,
    long created,
    long updated,
    long expires,
    boolean deleted,
    byte[] body,
    List<String> about) {
  private static final byte[] NOTHING = {};

  Filed {
    about = List.copyOf(about);
  }

  Filed(String tenant, long created, long updated, long expires, boolean deleted, byte[] body) {
    this(tenant, created, updated, expires, deleted, body, List.of());
  }

  boolean live(long now) {
    return !deleted && expires > now;
  }

  Filed with(byte[] newBody, long now, long newExpires) {
    // Clocks may step back; versions must not.
    return new Filed(
        tenant, created, Math.max(now, updated + 1), newExpires, false, newBody, about);
  }

  Filed tombstone(long now, long until) {
    return new Filed(tenant, created, Math.max(now, updated + 1), until, true, NOTHING);
  }

  byte[] toBytes() {
    return dev.bitfleet.proto.store.v1.Filed.newBuilder()
        .setTenant(tenant)
        .setCreated(created)
        .setUpdated(updated)
        .setExpires(expires)
        .setDeleted(deleted)
        .setBody(UnsafeByteOperations.unsafeWrap(body))
        .addAllAbout(about)
        .build()
        .toByteArray();
  }

  static Filed of(byte[] bytes) throws InvalidProtocolBufferException {
    var proto = dev.bitfleet.proto.store.v1.Filed.parseFrom(bytes);
    return new Filed(
        proto.getTenant(),
        proto.getCreated(),
        proto.getUpdated(),
        proto.getExpires(),
        proto.getDeleted(),
        proto.getBody().toByteArray(),
        proto.getAboutList());
  }
}
