package dev.bitfleet.gateway.dialect.generate;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.LlamaCppFields;
import dev.bitfleet.gateway.dialect.SamplingFields;
import dev.bitfleet.gateway.dialect.ServiceTier;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** Understands {@code /api/v1/generate}. */
public final class GenerateDialect implements Dialect {
  private final Map<String, JsonNode> defaults;
  private final DialectSettings settings;

  public GenerateDialect(Map<String, JsonNode> defaults, DialectSettings settings) {
    this.defaults = defaults;
    this.settings = settings;
  }

  @Override
  public Call read(JsonNode body) {
    Fields fields = new Fields(body, defaults);
    LlamaCppFields.refuseUnavailable(fields);
    OutputWish wish = LlamaCppFields.output(fields);
    CompletionRequest request =
        new CompletionRequest(
            ModelWish.of(fields.text("model")),
            List.of(new Prompt.Text(body.path("prompt").stringValue())),
            1,
            SamplingFields.read(
                fields, SamplingFields.biasMap(fields.given("logit_bias")), settings),
            fields.tokenLimit("max_tokens", "max_tokens"),
            fields.texts("stop"),
            fields.flag("ignore_eos"),
            OptionalInt.empty(),
            SamplingFields.contextLimit(fields),
            wish.grammar(),
            PromptScoring.NONE,
            0,
            ServiceTier.of(fields).priority(),
            fields.flag("stream") ? Delivery.STREAMED : Delivery.WHOLE);
    return new Call(request, new GenerateFormat(), wish);
  }
}
