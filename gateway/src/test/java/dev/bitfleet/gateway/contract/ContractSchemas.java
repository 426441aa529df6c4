package dev.bitfleet.gateway.contract;

import com.networknt.schema.Error;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Holds answers against the contract, which production code has no need to do. */
public final class ContractSchemas {
  private ContractSchemas() {}

  public static List<Error> errors(Contract contract, String schema, JsonNode node) {
    return contract.schema(schema).validate(node);
  }
}
