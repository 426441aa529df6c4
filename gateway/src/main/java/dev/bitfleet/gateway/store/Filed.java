package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;

/**
 * A document as it is kept. Times are Unix milliseconds.
 *
 * @param updated of two versions the later one holds
 * @param deleted a tombstone; its body is empty
 * @param body not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
record Filed(
    String tenant, long created, long updated, long expires, boolean deleted, byte[] body) {
  private static final byte[] NOTHING = {};

  boolean live(long now) {
    return !deleted && expires > now;
  }

  Filed with(byte[] newBody, long now, long newExpires) {
    // Clocks may step back; versions must not.
    return new Filed(tenant, created, Math.max(now, updated + 1), newExpires, false, newBody);
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
        proto.getBody().toByteArray());
  }
}
