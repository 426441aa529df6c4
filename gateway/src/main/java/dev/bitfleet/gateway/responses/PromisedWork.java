package dev.bitfleet.gateway.responses;

import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is needed to run a response again that was promised: a background one, or a stream that a
 * client may come back for.
 *
 * @param request the body as it was checked, with the seed it was given
 * @param created Unix seconds
 * @param scope cached prefixes are shared within it
 * @param attempts times it has been begun, this one included
 * @param seen what it had read when it began to answer; empty while nothing of an answer can have
 *     been told
 */
record PromisedWork(
    JsonNode request, long created, long scope, int attempts, Optional<SeenHistory> seen) {

  static PromisedWork first(JsonNode request, long seed, long created, long scope) {
    ObjectNode seeded = ((ObjectNode) request).deepCopy();
    // With the seed fixed it will say the same again.
    seeded.put("seed", seed);
    return new PromisedWork(seeded, created, scope, 1, Optional.empty());
  }

  PromisedWork again() {
    return new PromisedWork(request, created, scope, attempts + 1, seen);
  }

  /** The same, to be run again with nothing else before it. */
  PromisedWork after(SeenHistory history) {
    return new PromisedWork(request, created, scope, attempts, Optional.of(history));
  }

  static PromisedWork read(byte[] body) {
    JsonNode tree = JsonMapper.shared().readTree(body);
    return new PromisedWork(
        tree.path("request"),
        tree.path("created").longValue(),
        tree.path("scope").longValue(),
        tree.path("attempts").intValue(),
        SeenHistory.read(tree.path("seen")));
  }

  byte[] bytes() {
    ObjectNode tree = JsonMapper.shared().createObjectNode();
    tree.put("created", created);
    tree.put("scope", scope);
    tree.put("attempts", attempts);
    seen.ifPresent(history -> tree.set("seen", history.json()));
    tree.set("request", request);
    return JsonMapper.shared().writeValueAsBytes(tree);
  }
}
