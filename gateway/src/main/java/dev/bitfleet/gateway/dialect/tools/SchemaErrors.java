package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.grammar.SchemaRefused;
import java.util.Optional;

/** What a refused schema is called in the API. */
public final class SchemaErrors {
  private SchemaErrors() {}

  /** 400 with the path of what is refused in the request. */
  public static ApiError describe(SchemaRefused refused) {
    return ApiError.invalid(
        400,
        switch (refused.reason()) {
          case UNSUPPORTED -> "unsupported_json_schema";
          case MALFORMED, TOO_LARGE, UNSATISFIABLE, NOT_STRICT -> "invalid_json_schema";
        },
        Optional.of(refused.path()),
        refused.getMessage());
  }
}
