package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.store.PageRequest;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Lists in pages, as OpenAI has them. */
public final class Pages {
  private static final int USUAL = 20;
  private static final int MOST = 100;
  private static final Pattern DIGITS = Pattern.compile("[0-9]{1,10}");

  private Pages() {}

  /**
   * The page that the query asks for: {@code limit}, {@code order}, {@code after}.
   *
   * @param ascending whether the oldest come first when the query does not say
   * @throws ApiException naming a parameter that is out of range
   */
  public static PageRequest read(Exchange exchange, boolean ascending) {
    int limit = exchange.query("limit").map(text -> number("limit", text, 1, MOST)).orElse(USUAL);
    boolean oldestFirst =
        exchange
            .query("order")
            .map(
                order ->
                    switch (order) {
                      case "asc" -> true;
                      case "desc" -> false;
                      default -> throw invalid("order", "expected one of 'asc', 'desc'");
                    })
            .orElse(ascending);
    Optional<String> after = exchange.query("after").filter(id -> !id.isEmpty());
    return new PageRequest(limit, oldestFirst, after);
  }

  /** A number of the query. */
  public static int number(String name, String text, int low, int high) {
    // Digits alone: Java would also take a sign, and digits of other scripts.
    if (DIGITS.matcher(text).matches()) {
      long value = Long.parseLong(text);
      if (value >= low && value <= high) {
        return (int) value;
      }
    }
    throw invalid(name, "expected a number from " + low + " to " + high);
  }

  private static ApiException invalid(String name, String expectation) {
    return new ApiException(
        ApiError.invalidParameter(name, "Invalid '" + name + "': " + expectation + "."));
  }

  /** The page as it is answered; its entries have ids. */
  public static ObjectNode json(List<? extends JsonNode> data, boolean hasMore) {
    ObjectNode page = JsonMapper.shared().createObjectNode();
    page.put("object", "list");
    ArrayNode entries = page.putArray("data");
    data.forEach(entries::add);
    page.set("first_id", data.isEmpty() ? page.nullNode() : data.getFirst().get("id"));
    page.set("last_id", data.isEmpty() ? page.nullNode() : data.getLast().get("id"));
    page.put("has_more", hasMore);
    return page;
  }
}
