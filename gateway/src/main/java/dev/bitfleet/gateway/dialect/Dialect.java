package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.contract.ApiException;
import tools.jackson.databind.JsonNode;

/** Understands the bodies of one operation. Stateless; may be used from any thread. */
@FunctionalInterface
public interface Dialect {

  /**
   * Reads a body that fits the contract.
   *
   * @throws ApiException when it asks for what a schema cannot rule out
   */
  Call read(JsonNode body);
}
