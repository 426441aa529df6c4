package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.keys.Scope;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Who asks. What one caller stores, no other one sees.
 *
 * @param tenant names whom things belong to; empty when the server asks for no key
 * @param scope the tenant as cached prefixes know it
 * @param scopes what its key is good for
 */
public record Caller(String tenant, long scope, Set<Scope> scopes) {
  /** Everybody, on a server that asks for no key. */
  public static final Caller ANYONE = new Caller("", 0, EnumSet.allOf(Scope.class));

  public Caller {
    scopes = Set.copyOf(scopes);
  }

  /** Whether it may have things kept, and reach what is. */
  public boolean mayUseConversations() {
    return scopes.contains(Scope.CONVERSATIONS);
  }

  /**
   * Refuses a field that reaches what is kept to a caller who may not.
   *
   * @throws ApiException 403, naming the field and the scope
   */
  public void requireConversations(String param) {
    if (!mayUseConversations()) {
      throw new ApiException(lacks(Scope.CONVERSATIONS, Optional.of(param)));
    }
  }

  /** 403 for a key without that scope. */
  static ApiError lacks(Scope scope, Optional<String> param) {
    String needed = param.map(name -> ", which '" + name + "' needs").orElse("");
    return new ApiError(
        403,
        "permission_error",
        "insufficient_permissions",
        param,
        "This key lacks the scope '" + scope.wireName() + "'" + needed + ".",
        Optional.empty());
  }
}
