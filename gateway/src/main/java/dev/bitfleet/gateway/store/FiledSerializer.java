package dev.bitfleet.gateway.store;

import com.hazelcast.nio.serialization.compact.CompactReader;
import com.hazelcast.nio.serialization.compact.CompactSerializer;
import com.hazelcast.nio.serialization.compact.CompactWriter;
import java.util.List;

/** Documents in the maps: their fields can be searched without reading the body. */
final class FiledSerializer implements CompactSerializer<Filed> {
  static final String TENANT = "tenant";
  static final String CREATED = "created";
  static final String EXPIRES = "expires";
  static final String DELETED = "deleted";
  private static final String ABOUT = "about";

  /** Finds what goes with a document. */
  static final String ABOUT_ANY = ABOUT + "[any]";

  @Override
  public Filed read(CompactReader in) {
    byte[] body = in.readArrayOfInt8("body");
    String tenant = in.readString(TENANT);
    String[] about = in.readArrayOfString(ABOUT);
    return new Filed(
        tenant == null ? "" : tenant,
        in.readInt64(CREATED),
        in.readInt64("updated"),
        in.readInt64(EXPIRES),
        in.readBoolean(DELETED),
        body == null ? new byte[0] : body,
        about == null ? List.of() : List.of(about));
  }

  @Override
  public void write(CompactWriter out, Filed filed) {
    out.writeString(TENANT, filed.tenant());
    out.writeInt64(CREATED, filed.created());
    out.writeInt64("updated", filed.updated());
    out.writeInt64(EXPIRES, filed.expires());
    out.writeBoolean(DELETED, filed.deleted());
    out.writeArrayOfInt8("body", filed.body());
    out.writeArrayOfString(ABOUT, filed.about().toArray(String[]::new));
  }

  @Override
  public String getTypeName() {
    return "bitfleet.filed";
  }

  @Override
  public Class<Filed> getCompactClass() {
    return Filed.class;
  }
}
