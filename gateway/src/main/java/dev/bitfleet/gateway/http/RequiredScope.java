package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.keys.Scope;
import java.util.Optional;
import java.util.Set;

/** What a key must be good for to be let in to an operation; told by its path. */
final class RequiredScope {
  /** What a load balancer, or somebody who looks for the manual, asks without a key. */
  private static final Set<String> OPEN = Set.of("/health", "/api/v1/health", "/openapi.json");

  private RequiredScope() {}

  /** Empty when everybody may. */
  static Optional<Scope> of(Operation operation) {
    String path = operation.documentPath();
    if (OPEN.contains(path)) {
      return Optional.empty();
    }
    if (path.equals("/v1/models/load") || path.equals("/v1/models/unload")) {
      return Optional.of(Scope.MODELS);
    }
    boolean stored =
        path.startsWith("/v1/conversations")
            || path.startsWith("/v1/responses/")
            || path.startsWith("/v1/chat/completions/")
            || (path.equals("/v1/chat/completions") && operation.method().equals("GET"));
    return Optional.of(stored ? Scope.CONVERSATIONS : Scope.INFERENCE);
  }
}
