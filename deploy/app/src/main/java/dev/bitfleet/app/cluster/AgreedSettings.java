package dev.bitfleet.app.cluster;

import com.hazelcast.cluster.Member;
import dev.bitfleet.proto.NodeAttributes;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What all nodes of a cluster have to be told alike. Each node shows its own to the others. */
final class AgreedSettings {
  /** Attributes of a member with this in front are settings. */
  static final String PREFIX = "bitfleet.setting.";

  private AgreedSettings() {}

  /**
   * How a member that was there first differs from the newcomer, in words; empty when it does not.
   */
  static Optional<String> difference(Member there, Map<String, String> own) {
    Set<String> names = new TreeSet<>(own.keySet());
    there.getAttributes().keySet().stream()
        .filter(name -> name.startsWith(PREFIX))
        .map(name -> name.substring(PREFIX.length()))
        .forEach(names::add);
    for (String name : names) {
      String theirs = there.getAttribute(PREFIX + name);
      String ours = own.get(name);
      // What only one of two versions knows of is not yet agreed on.
      if (theirs != null && ours != null && !theirs.equals(ours)) {
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
