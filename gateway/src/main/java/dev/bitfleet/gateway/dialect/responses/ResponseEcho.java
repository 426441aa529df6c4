package dev.bitfleet.gateway.dialect.responses;

import dev.bitfleet.gateway.dialect.ServiceTier;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.dialect.tools.OfferedTool;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.proto.Sampling;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The fields of an answer that repeat its request, with what was filled in. */
final class ResponseEcho {
  /** Repeated as they came, or as null. */
  private static final List<String> AS_THEY_CAME =
      List.of(
          "instructions",
          "max_output_tokens",
          "max_tool_calls",
          "previous_response_id",
          "prompt_cache_key",
          "safety_identifier");

  private ResponseEcho() {}

  static ObjectNode of(
      Fields fields,
      Sampling sampling,
      OutputWish output,
      ResponseCall.Mode mode,
      boolean store,
      Optional<String> conversation) {
    ObjectNode echo = JsonMapper.shared().createObjectNode();
    for (String name : AS_THEY_CAME) {
      setOrNull(echo, name, fields.given(name));
    }
    JsonNode user = fields.given("user");
    if (user != null) {
      echo.set("user", user);
    }
    echo.put("background", mode.background());
    echo.put("store", store);
    echo.put("temperature", sampling.temperature());
    echo.put("top_p", sampling.topP());
    echo.put("top_logprobs", fields.integer("top_logprobs").orElse(0));
    echo.put("truncation", fields.text("truncation").orElse("disabled"));
    echo.put("parallel_tool_calls", output.parallel());
    echo.put("service_tier", ServiceTier.of(fields).wireName());
    tools(output.tools(), echo.putArray("tools"));
    JsonNode choice = fields.given("tool_choice");
    echo.set("tool_choice", choice == null ? echo.stringNode("auto") : choice);
    text(fields.given("text"), echo.putObject("text"));
    JsonNode reasoning = fields.given("reasoning");
    ObjectNode repeated = echo.putObject("reasoning");
    for (String name : List.of("effort", "summary")) {
      setOrNull(repeated, name, reasoning == null ? null : reasoning.get(name));
    }
    JsonNode metadata = fields.given("metadata");
    echo.set("metadata", metadata == null ? echo.objectNode() : metadata);
    conversation.ifPresentOrElse(
        id -> echo.putObject("conversation").put("id", id), () -> echo.putNull("conversation"));
    return echo;
  }

  private static void setOrNull(ObjectNode echo, String name, @Nullable JsonNode value) {
    echo.set(name, value == null ? echo.nullNode() : value);
  }

  private static void tools(List<OfferedTool> tools, ArrayNode into) {
    for (OfferedTool offered : tools) {
      ObjectNode tool = into.addObject();
      tool.put("type", "function");
      tool.put("name", offered.name());
      String description = offered.description().description();
      tool.put("description", description.isEmpty() ? null : description);
      setOrNull(tool, "parameters", offered.tool().parameters().orElse(null));
      tool.put("strict", offered.tool().strict());
    }
  }

  private static void text(@Nullable JsonNode given, ObjectNode echo) {
    Fields fields = given == null ? null : new Fields(given, Map.of());
    JsonNode format = fields == null ? null : fields.given("format");
    if (format == null) {
      echo.putObject("format").put("type", "text");
    } else {
      echo.set("format", format);
    }
    echo.put("verbosity", fields == null ? "medium" : fields.text("verbosity").orElse("medium"));
  }
}
