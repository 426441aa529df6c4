package dev.bitfleet.gateway.dialect.openai;

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
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** Completions of raw text. */
public final class TextDialect implements Dialect {
  private final Map<String, JsonNode> defaults;
  private final DialectSettings settings;

  public TextDialect(Map<String, JsonNode> defaults, DialectSettings settings) {
    this.defaults = defaults;
    this.settings = settings;
  }

  @Override
  public Call read(JsonNode body) {
    Fields fields = new Fields(body, defaults);
    LlamaCppFields.refuseUnavailable(fields);
    fields.refuseText("suffix", "no served model fills in.");
    boolean stream = fields.flag("stream");
    OutputWish wish = LlamaCppFields.output(fields);
    List<Prompt> prompts = PromptFields.read(body.path("prompt"), "prompt");
    int shown = OpenAiFields.choices(fields, "n", 1, prompts.size(), settings);
    int generated = bestOf(fields, shown, prompts.size(), stream);
    OptionalInt logprobs = logprobs(fields);
    boolean nothingNew = fields.asksForNothing("max_tokens");
    boolean echo = fields.flag("echo");
    boolean rank = generated > shown;
    CompletionRequest request =
        new CompletionRequest(
            ModelWish.of(fields.text("model")),
            prompts,
            generated,
            SamplingFields.read(
                fields, SamplingFields.biasMap(fields.given("logit_bias")), settings),
            nothingNew ? 1 : fields.tokenLimit("max_tokens", "max_tokens"),
            fields.texts("stop"),
            fields.flag("ignore_eos"),
            rank && logprobs.isEmpty() ? OptionalInt.of(0) : logprobs,
            SamplingFields.contextLimit(fields),
            wish.grammar(),
            scoring(nothingNew, echo, logprobs.isPresent(), prompts),
            0,
            ServiceTier.of(fields).priority(),
            stream ? Delivery.STREAMED : Delivery.WHOLE);
    return new Call(
        request,
        new TextFormat(
            OpenAiFields.frame(fields, generated, stream, AnswerFrame.TooLong.BAD_REQUEST),
            new TextStyle(prompts, shown, generated, logprobs.isPresent(), echo)),
        wish);
  }

  /** Choices that are made of each prompt, of which the best are shown. */
  private int bestOf(Fields fields, int n, int prompts, boolean stream) {
    int bestOf = OpenAiFields.choices(fields, "best_of", n, prompts, settings);
    if (bestOf < n) {
      throw Fields.invalid("best_of", "it is less than 'n'.");
    }
    if (bestOf > n && stream) {
      throw Fields.invalid("best_of", "what is best is known at the end, so not with 'stream'.");
    }
    return bestOf;
  }

  private static OptionalInt logprobs(Fields fields) {
    OptionalInt logprobs = fields.integer("logprobs");
    if (logprobs.isPresent()) {
      return logprobs;
    }
    return OpenAiFields.likeliest(fields);
  }

  /** The engine tells of a prompt's tokens only where nothing cheaper will do. */
  private static PromptScoring scoring(
      boolean nothingNew, boolean echo, boolean logprobs, List<Prompt> prompts) {
    if (nothingNew) {
      return PromptScoring.ALONE;
    }
    boolean spelt = prompts.stream().anyMatch(prompt -> !(prompt instanceof Prompt.Text));
    return echo && (logprobs || spelt) ? PromptScoring.WITH_COMPLETION : PromptScoring.NONE;
  }
}
