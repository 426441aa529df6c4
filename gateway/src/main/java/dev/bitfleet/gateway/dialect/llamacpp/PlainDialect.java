package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.Fields;
import dev.bitfleet.gateway.dialect.SamplingFields;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** llama.cpp's {@code /completion}. */
public final class PlainDialect implements Dialect {
  /** Makes a token impossible for all practical purposes. */
  private static final float FORBIDDEN = -100;

  private final Map<String, JsonNode> defaults;
  private final DialectSettings settings;

  public PlainDialect(Map<String, JsonNode> defaults, DialectSettings settings) {
    this.defaults = defaults;
    this.settings = settings;
  }

  @Override
  public Call read(JsonNode body) {
    Fields fields = new Fields(body, defaults);
    refuseUnavailable(fields);
    CompletionRequest request =
        new CompletionRequest(
            fields.text("model"),
            List.of(prompt(body.path("prompt"))),
            1,
            SamplingFields.read(fields, bias(fields.given("logit_bias")), settings),
            fields.tokenLimit("n_predict", "n_predict", "max_tokens"),
            fields.texts("stop"),
            fields.flag("ignore_eos"),
            OptionalInt.empty(),
            SamplingFields.contextLimit(fields),
            "",
            PromptScoring.NONE,
            0,
            fields.flag("stream") ? Delivery.STREAMED : Delivery.WHOLE);
    return new Call(request, new PlainFormat(request));
  }

  private static void refuseUnavailable(Fields fields) {
    SamplingFields.refuseUnavailable(fields);
    fields.refuseUnlessEmpty("image_data", "images are not available.");
    for (String name : List.of("n_probs", "mirostat")) {
      if (fields.integer(name).orElse(0) != 0) {
        throw Fields.unsupported(name, "only 0 is available.");
      }
    }
  }

  private static Prompt prompt(JsonNode prompt) {
    if (prompt.isString()) {
      return new Prompt.Text(prompt.stringValue());
    }
    List<Integer> ids = new ArrayList<>(prompt.size());
    for (JsonNode id : prompt) {
      ids.add((int) id.doubleValue());
    }
    return new Prompt.Tokens(ids);
  }

  private static Map<Integer, Float> bias(@Nullable JsonNode bias) {
    if (bias == null || bias.isObject()) {
      return SamplingFields.biasMap(bias);
    }
    Map<Integer, Float> biases = new HashMap<>();
    for (JsonNode pair : bias) {
      JsonNode value = pair.get(1);
      if (value.isBoolean() && value.booleanValue()) {
        continue; // true leaves the token as it is, in llama.cpp too
      }
      biases.put(
          (int) pair.get(0).doubleValue(), value.isBoolean() ? FORBIDDEN : value.floatValue());
    }
    return biases;
  }
}
