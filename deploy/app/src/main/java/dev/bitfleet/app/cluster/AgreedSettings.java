package dev.bitfleet.app.cluster;

import com.hazelcast.cluster.Member;
import dev.bitfleet.proto.NodeAttributes;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What all nodes of a cluster have to be told alike. Each node shows its own to the others. */
final class AgreedSettings {
  /** Attributes of a member with this in front are settings. */
  static final String PREFIX = "bitfleet.setting.";

  private AgreedSettings() {}

  /**
   * How a member that was there first differs from the newcomer, in words; empty when it does not.
   */
  static Optional<String> difference(Member there, Map<String, String> own) {
    for (Map.Entry<String, String> setting : new TreeMap<>(own).entrySet()) {
      String name = setting.getKey();
      String theirs = there.getAttribute(PREFIX + name);
      String ours = setting.getValue();
      // What only one of two versions knows of is not yet agreed on.
      if (theirs != null && !theirs.equals(ours)) {
        return Optional.of(
            name
                + " is "
                + ours
                + " here and "
                + theirs
                + " on node "
                + there.getAttribute(NodeAttributes.NODE)
                + " ("
                + there.getAddress().getHost()
                + "); all nodes of a cluster need the same");
      }
    }
    return Optional.empty();
  }
}
