package dev.bitfleet.gateway.dialect.fields;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The fields of a body that fits the contract, over the defaults that the contract declares. {@code
 * null} is as good as absent. Where a field has several names the first one given counts, and the
 * default is that of the first name.
 */
public final class Fields {
  private final JsonNode body;
  private final Map<String, JsonNode> defaults;

  public Fields(JsonNode body, Map<String, JsonNode> defaults) {
    this.body = body;
    this.defaults = defaults;
  }

  /** What the client wrote, or null. */
  public @Nullable JsonNode given(String name) {
    JsonNode value = body.get(name);
    return value == null || value.isNull() ? null : value;
  }

  private @Nullable JsonNode value(String... names) {
    for (String name : names) {
      JsonNode value = given(name);
      if (value != null) {
        return value;
      }
    }
    return defaults.get(names[0]);
  }

  /** A number that the contract gives a default for. */
  public double real(String... names) {
    JsonNode value = value(names);
    if (value == null) {
      throw new IllegalStateException("the contract has no default for " + names[0]);
    }
    return value.asDouble();
  }

  public OptionalInt integer(String... names) {
    JsonNode value = value(names);
    return value == null ? OptionalInt.empty() : OptionalInt.of((int) whole(value));
  }

  public long wholeNumber(String name, long otherwise) {
    JsonNode value = value(name);
    return value == null ? otherwise : whole(value);
  }

  /** Also of a number written with a point, as 40.0, which JSON Schema calls an integer. */
  private static long whole(JsonNode value) {
    return value.isIntegralNumber() ? value.longValue() : (long) value.doubleValue();
  }

  public boolean flag(String name) {
    JsonNode value = value(name);
    return value != null && value.booleanValue();
  }

  /** Whether the client wrote {@code false}. */
  public boolean isFalse(String name) {
    JsonNode value = given(name);
    return value != null && !value.booleanValue();
  }

  /** A text, when given and not empty. */
  public Optional<String> text(String name) {
    JsonNode value = value(name);
    return value == null || value.stringValue().isEmpty()
        ? Optional.empty()
        : Optional.of(value.stringValue());
  }

  /** One text or a list of them. */
  public List<String> texts(String name) {
    JsonNode value = value(name);
    if (value == null) {
      return List.of();
    }
    if (value.isString()) {
      return List.of(value.stringValue());
    }
    List<String> texts = new ArrayList<>(value.size());
    for (JsonNode item : value) {
      texts.add(item.stringValue());
    }
    return texts;
  }

  /** Whether the client wrote 0 for a token limit: it wants the prompt to be looked at, no more. */
  public boolean asksForNothing(String... names) {
    for (String name : names) {
      JsonNode value = given(name);
      if (value != null) {
        return whole(value) == 0;
      }
    }
    return false;
  }

  /**
   * A token limit; 0 = until the context is full, which clients write as -1.
   *
   * @param names the first one given counts; the default is that of {@code defaultName}
   */
  public int tokenLimit(String defaultName, String... names) {
    for (String name : names) {
      JsonNode value = given(name);
      if (value != null) {
        long limit = whole(value);
        if (limit == 0) {
          throw new ApiException(
              ApiError.invalidParameter(
                  name, "Invalid '" + name + "': expected at least 1, or -1 for no limit, got 0."));
        }
        return limit < 0 ? 0 : (int) limit;
      }
    }
    int limit = integer(defaultName).orElse(-1);
    return Math.max(0, limit);
  }

  /** Which of these a request has given; the first one when it has none. */
  public String givenName(String... names) {
    for (String name : names) {
      if (given(name) != null) {
        return name;
      }
    }
    return names[0];
  }

  /** A number, when given. */
  public OptionalDouble realIfGiven(String name) {
    JsonNode value = given(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value.doubleValue());
  }

  /** Refuses any number but the one that turns a feature off. */
  public void refuseUnless(String name, double off, String why) {
    if (realIfGiven(name).orElse(off) != off) {
      throw unsupported(name, why);
    }
  }

  /** Refuses a flag with that value. */
  public void refuseFlag(String name, boolean value, String why) {
    JsonNode given = given(name);
    if (given != null && given.booleanValue() == value) {
      throw unsupported(name, why);
    }
  }

  /** Refuses a field that is given at all. */
  public void refuse(String name, String why) {
    if (given(name) != null) {
      throw unsupported(name, why);
    }
  }

  /** Refuses a list that is not empty. */
  public void refuseUnlessEmpty(String name, String why) {
    JsonNode value = given(name);
    if (value != null && !value.isEmpty()) {
      throw unsupported(name, why);
    }
  }

  /** Refuses a text that is not empty. */
  public void refuseText(String name, String why) {
    if (text(name).isPresent()) {
      throw unsupported(name, why);
    }
  }

  /** A field cannot be had here. */
  public static ApiException unsupported(String param, String why) {
    return new ApiException(
        ApiError.unsupportedParameter(param, "Unsupported parameter '" + param + "': " + why));
  }

  /** A field has a value it must not have, or not beside another one. */
  public static ApiException invalid(String param, String why) {
    return new ApiException(ApiError.invalidParameter(param, "Invalid '" + param + "': " + why));
  }
}
