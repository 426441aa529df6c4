package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dispatch.ModelControl;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Loading and unloading while the fleet serves. What a name means and whether a file may be used is
 * for the node to say that has it. Event loop only.
 */
public final class ModelControlHandler {
  private static final Pattern TIME = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  /** What fields of a command are called in requests. */
  private static final Map<String, String> FIELDS =
      Map.of(
          "model", "model_dir",
          "adapter", "adapter_dir",
          "id", "model_id",
          "context_length", "ctx_size",
          "adapter_type", "lora_quant",
          "head_type", "unembed_quant");

  private final RequestReader reader;
  private final ModelControl control;

  public ModelControlHandler(RequestReader reader, ModelControl control) {
    this.reader = reader;
    this.control = control;
  }

  /** Answers when the model serves, or when it is certain that it will not. */
  public void load(Exchange exchange, byte[] body) {
    run(exchange, body, ModelControlHandler::load, FIELDS);
  }

  /** Answers when its engine is gone, or after some seconds of draining. */
  public void unload(Exchange exchange, byte[] body) {
    run(exchange, body, tree -> new ModelCommand.Unload(tree.path("model").asString("")), Map.of());
  }

  private void run(
      Exchange exchange,
      byte[] body,
      Function<JsonNode, ModelCommand> understand,
      Map<String, String> fields) {
    reader.read(
        exchange,
        body,
        understand,
        command ->
            // It goes on when the client leaves: a model that was asked for is wanted by others
            // too.
            exchange.settling(
                control.send(command),
                reply -> {
                  switch (reply) {
                    case ModelReply.Done done -> exchange.json(200, done(done));
                    case ModelReply.Refused refused -> exchange.error(error(refused, fields));
                  }
                }));
  }

  private static ModelCommand load(JsonNode tree) {
    return new ModelCommand.Load(
        tree.path("model_dir").asString(""),
        // An empty one is something that is said: no adapter.
        tree.path("adapter_dir").stringValueOpt(),
        text(tree, "model_id"),
        tree.path("replace").asBoolean(true),
        number(tree, "threads"),
        number(tree, "slots"),
        number(tree, "ctx_size"),
        keepAlive(tree.path("keep_alive")),
        text(tree, "lora_quant"),
        text(tree, "unembed_quant"));
  }

  private static Optional<String> text(JsonNode tree, String name) {
    return Optional.of(tree.path(name).asString("")).filter(text -> !text.isEmpty());
  }

  private static OptionalInt number(JsonNode tree, String name) {
    JsonNode node = tree.path(name);
    return node.isIntegralNumber() ? OptionalInt.of(node.asInt()) : OptionalInt.empty();
  }

  private static Optional<ModelCommand.KeepAlive> keepAlive(JsonNode node) {
    if (node.isIntegralNumber()) {
      long seconds = node.asLong();
      return Optional.of(
          seconds < 0
              ? new ModelCommand.KeepAlive.Forever()
              : new ModelCommand.KeepAlive.Of(Duration.ofSeconds(seconds)));
    }
    if (!node.isString()) {
      return Optional.empty();
    }
    Matcher time = TIME.matcher(node.stringValue());
    if (!time.matches()) {
      throw new ApiException(
          ApiError.invalidParameter(
              "keep_alive",
              "Invalid 'keep_alive': expected seconds (-1 for ever) or a time such as '10m'."));
    }
    long count = Long.parseLong(time.group(1));
    return Optional.of(
        new ModelCommand.KeepAlive.Of(
            switch (time.group(2)) {
              case "ms" -> Duration.ofMillis(count);
              case "s" -> Duration.ofSeconds(count);
              case "m" -> Duration.ofMinutes(count);
              case "h" -> Duration.ofHours(count);
              default -> Duration.ofDays(count);
            }));
  }

  private static byte[] done(ModelReply.Done done) {
    ObjectNode tree = JsonMapper.shared().createObjectNode();
    tree.put("status", "success");
    tree.put("model", done.model());
    // Nothing is ever compiled for a model here; clients of older servers read the field.
    tree.put("recompiled", false);
    tree.put("message", done.message());
    return JsonMapper.shared().writeValueAsBytes(tree);
  }

  private static ApiError error(ModelReply.Refused refused, Map<String, String> fields) {
    Optional<String> param =
        Optional.of(refused.param())
            .filter(name -> !name.isEmpty())
            .map(name -> fields.getOrDefault(name, name));
    String message = sentence(refused.message());
    return switch (refused.code()) {
      case NOT_FOUND -> ApiError.invalid(404, "model_not_found", param, message);
      case INVALID -> ApiError.invalid(400, "invalid_parameter", param, message);
      case UNUSABLE -> ApiError.invalid(400, "model_unusable", param, message);
      case IN_PROGRESS -> ApiError.invalid(409, "model_load_in_progress", param, message);
      case NO_MEMORY -> ApiError.server(503, "insufficient_memory", message);
      case FAILED -> ApiError.server(500, "model_load_failed", message);
    };
  }

  private static String sentence(String message) {
    return message.isEmpty()
        ? message
        : Character.toUpperCase(message.charAt(0))
            + message.substring(1)
            + (message.endsWith(".") ? "" : ".");
  }
}
