package dev.bitfleet.gateway.rollout;

import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutReply;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Whether nodes have prepared the same thing. */
final class Agreement {
  /** Of a canary's answer, as far as it is shown. */
  private static final int SHOWN = 8;

  private Agreement() {}

  /** A node that is not as most are. */
  record Difference(String node, ModelReply.Refused why) {}

  /** The first such node by id; of two halves, the one that has the first node is right. */
  static Optional<Difference> among(SortedMap<String, RolloutReply.Prepared> votes) {
    Map<RolloutReply.Prepared, Long> counts =
        votes.values().stream().collect(Collectors.groupingBy(v -> v, Collectors.counting()));
    long most = counts.values().stream().mapToLong(Long::longValue).max().orElse(0);
    return votes.entrySet().stream()
        .filter(vote -> counts.getOrDefault(vote.getValue(), 0L) == most)
        .findFirst()
        .flatMap(
            right ->
                new TreeMap<>(votes)
                    .entrySet().stream()
                        .filter(vote -> !vote.getValue().equals(right.getValue()))
                        .findFirst()
                        .map(
                            wrong ->
                                new Difference(
                                    wrong.getKey(),
                                    why(wrong.getValue(), right.getKey(), right.getValue()))));
  }

  private static ModelReply.Refused why(
      RolloutReply.Prepared wrong, String rightNode, RolloutReply.Prepared right) {
    if (!wrong.fingerprint().equals(right.fingerprint())) {
      return new ModelReply.Refused(
          ModelReply.Code.UNUSABLE,
          "it has other weights under that name than node %s: their fingerprints are %s and %s"
              .formatted(rightNode, wrong.fingerprint(), right.fingerprint()),
          "model");
    }
    if (!wrong.model().equals(right.model())) {
      return new ModelReply.Refused(
          ModelReply.Code.INVALID,
          "it would serve it as '%s', and node %s as '%s'"
              .formatted(wrong.model(), rightNode, right.model()),
          "id");
    }
    return new ModelReply.Refused(
        ModelReply.Code.FAILED,
        "it answers the canary otherwise than node %s, with the same weights: %s and %s"
            .formatted(rightNode, shown(wrong.canary()), shown(right.canary())),
        "");
  }

  private static List<Integer> shown(List<Integer> canary) {
    return canary.subList(0, Math.min(SHOWN, canary.size()));
  }
}
