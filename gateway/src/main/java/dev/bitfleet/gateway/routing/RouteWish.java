package dev.bitfleet.gateway.routing;

import dev.bitfleet.proto.PromptChain;
import java.util.Set;

/**
 * What a request needs of a worker.
 *
 * @param model id or alias
 * @param excluded ids of workers that have been tried already
 * @param prompt how it begins
 * @param node where the request is; a worker there is a hop nearer
 */
public record RouteWish(String model, Set<String> excluded, PromptChain prompt, String node) {
  public RouteWish {
    excluded = Set.copyOf(excluded);
  }

  /** For work that no cache helps with. */
  public static RouteWish uncached(String model, Set<String> excluded, String node) {
    return new RouteWish(model, excluded, PromptChain.NONE, node);
  }
}
