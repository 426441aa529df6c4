package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.LlamaCppFields;
import dev.bitfleet.gateway.dialect.PromptFields;
import dev.bitfleet.gateway.dialect.SamplingFields;
import dev.bitfleet.gateway.dialect.ServiceTier;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
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
    LlamaCppFields.refuseUnavailable(fields);
    fields.refuseUnlessEmpty("image_data", "images are not available.");
    OutputWish wish = LlamaCppFields.output(fields);
    List<Prompt> prompts = PromptFields.read(body.path("prompt"), "prompt");
    int n = choices(fields, prompts.size());
    boolean stream = fields.flag("stream");
    boolean nothingNew = fields.asksForNothing("n_predict", "max_tokens");
    OptionalInt probabilities = probabilities(fields);
    CompletionRequest request =
        new CompletionRequest(
            ModelWish.of(fields.text("model")),
            prompts,
            n,
            SamplingFields.read(fields, bias(fields.given("logit_bias")), settings),
            nothingNew ? 1 : fields.tokenLimit("n_predict", "n_predict", "max_tokens"),
            fields.texts("stop"),
            fields.flag("ignore_eos"),
            probabilities,
            SamplingFields.contextLimit(fields),
            wish.grammar(),
            nothingNew ? PromptScoring.ALONE : PromptScoring.NONE,
            0,
            ServiceTier.of(fields).priority(),
            stream ? Delivery.STREAMED : Delivery.WHOLE);
    PlainStyle style =
        new PlainStyle(
            prompts,
            n,
            probabilities.isPresent(),
            fields.flag("return_tokens"),
            fields.texts("response_fields"));
    return new Call(
        request.limitedBy(fields.givenName("n_predict", "max_tokens")),
        new PlainFormat(request, style),
        wish);
  }

  private int choices(Fields fields, int prompts) {
    int n = fields.integer("n_cmpl", "n").orElse(1);
    if ((long) n * prompts > settings.maxChoices()) {
      throw Fields.invalid(
          n == 1 ? "prompt" : fields.given("n_cmpl") == null ? "n" : "n_cmpl",
          (long) n * prompts
              + " completions are asked for at once, and this server allows "
              + settings.maxChoices()
              + ".");
    }
    return n;
  }

  private static OptionalInt probabilities(Fields fields) {
    int likeliest = fields.integer("n_probs", "logprobs").orElse(0);
    return likeliest > 0 ? OptionalInt.of(likeliest) : OptionalInt.empty();
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
