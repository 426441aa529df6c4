package dev.bitfleet.app.cluster;

import com.hazelcast.cluster.Member;
import dev.bitfleet.proto.NodeAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What all nodes of a cluster have to be told alike. Each node shows its own to the others. */
final class AgreedSettings {
  /** Attributes of a member with this in front are settings. */
  static final String PREFIX = "bitfleet.setting.";

  private AgreedSettings() {}

  /**
   * How a newcomer differs from those who were there first, in words: each setting once, against
   * one who has another. Empty when it does not.
   */
  static Optional<String> differences(Collection<Member> there, Map<String, String> own) {
    var differences = new ArrayList<String>();
    new TreeMap<>(own)
        .forEach(
            (name, ours) ->
                there.stream()
                    .filter(each -> differs(each, name, ours))
                    .findFirst()
                    .map(each -> difference(each, name, ours))
                    .ifPresent(differences::add));
    if (differences.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(String.join("; ", differences) + "; all nodes of a cluster need the same");
  }

  private static boolean differs(Member there, String name, String ours) {
    String theirs = there.getAttribute(PREFIX + name);
    // What only one of two versions knows of is not yet agreed on.
    return theirs != null && !theirs.equals(ours);
  }

  private static String difference(Member there, String name, String ours) {
    return "%s is %s here and %s on node %s (%s)"
        .formatted(
            name,
            ours,
            there.getAttribute(PREFIX + name),
            there.getAttribute(NodeAttributes.NODE),
            there.getAddress().getHost());
  }
}
