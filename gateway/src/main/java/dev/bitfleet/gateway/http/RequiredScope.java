package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.keys.Scope;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a key must be good for to be let in to an operation; told by its path. What a body's fields
 * ask for beyond that is for whoever reads them, see {@link Caller#requireConversations}.
 */
final class RequiredScope {
  /** What a load balancer, or somebody who looks for the manual, asks without a key. */
  private static final Set<String> OPEN = Set.of("/health", "/api/v1/health", "/openapi.json");

  /** They look like names of responses, and are not. */
  private static final Set<String> UNKEPT =
      Set.of("/v1/responses/input_tokens", "/v1/responses/compact");

  private static final String CONVERSATION_CHAT = "/v1/conversations/{conversation_id}/chat";

  private RequiredScope() {}

  /** Empty when everybody may. */
  static Set<Scope> of(Operation operation) {
    String path = operation.documentPath();
    if (OPEN.contains(path)) {
      return EnumSet.noneOf(Scope.class);
    }
    if (path.equals("/v1/models/load") || path.equals("/v1/models/unload")) {
      return EnumSet.of(Scope.MODELS);
    }
    if (path.equals(CONVERSATION_CHAT)) {
      return EnumSet.of(Scope.INFERENCE, Scope.CONVERSATIONS);
    }
    boolean stored =
        path.startsWith("/v1/conversations")
            || (path.startsWith("/v1/responses/") && !UNKEPT.contains(path))
            || path.startsWith("/v1/chat/completions/")
            || (path.equals("/v1/chat/completions") && operation.method().equals("GET"));
    return EnumSet.of(stored ? Scope.CONVERSATIONS : Scope.INFERENCE);
  }
}
