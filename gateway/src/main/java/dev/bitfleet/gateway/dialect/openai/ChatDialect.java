package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.completion.Truncation;
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

/**
 * Chat completions. The routes differ in the defaults that the contract declares for them, and in
 * what a prompt that does not fit is called.
 */
public final class ChatDialect implements Dialect {
  private final Map<String, JsonNode> defaults;
  private final DialectSettings settings;
  private final AnswerFrame.TooLong tooLong;

  private ChatDialect(
      Map<String, JsonNode> defaults, DialectSettings settings, AnswerFrame.TooLong tooLong) {
    this.defaults = defaults;
    this.settings = settings;
    this.tooLong = tooLong;
  }

  /** A prompt that does not fit is a bad request, as with OpenAI. */
  public ChatDialect(Map<String, JsonNode> defaults, DialectSettings settings) {
    this(defaults, settings, AnswerFrame.TooLong.BAD_REQUEST);
  }

  /** A prompt that does not fit is answered with 413. */
  public static ChatDialect refusingTooLarge(
      Map<String, JsonNode> defaults, DialectSettings settings) {
    return new ChatDialect(defaults, settings, AnswerFrame.TooLong.PAYLOAD_TOO_LARGE);
  }

  @Override
  public Call read(JsonNode body) {
    Fields fields = new Fields(body, defaults);
    refuseUnavailable(fields);
    LlamaCppFields.refuseUnavailable(fields);
    boolean stream = fields.flag("stream");
    OutputWish wish = ChatOutput.read(fields);
    int n = OpenAiFields.choices(fields, "n", 1, 1, settings);
    CompletionRequest request =
        new CompletionRequest(
            ModelWish.of(fields.text("model")),
            List.of(
                new Prompt.Chat(
                    ChatMessages.read(body.path("messages"), "messages"), wish.descriptions())),
            n,
            SamplingFields.read(
                fields, SamplingFields.biasMap(fields.given("logit_bias")), settings),
            fields.tokenLimit("max_tokens", "max_completion_tokens", "max_tokens", "n_predict"),
            fields.texts("stop"),
            fields.flag("ignore_eos"),
            topLogprobs(fields),
            SamplingFields.contextLimit(fields),
            wish.grammar(),
            PromptScoring.NONE,
            0,
            ServiceTier.of(fields).priority(),
            stream ? Delivery.STREAMED : Delivery.WHOLE);
    return new Call(
        request.limitedBy(fields.givenName("max_completion_tokens", "max_tokens", "n_predict")),
        new ChatFormat(
            OpenAiFields.frame(fields, n, stream, tooLong),
            new ChatStyle(
                request.topLogprobs().isPresent(), wish.callable(), ChatOutput.callForm(fields))),
        wish,
        fields.text("truncation").filter("auto"::equals).isPresent()
            ? Truncation.AUTO
            : Truncation.DISABLED);
  }

  private static OptionalInt topLogprobs(Fields fields) {
    OptionalInt top = fields.integer("top_logprobs");
    if (fields.flag("logprobs")) {
      return OptionalInt.of(top.orElse(0));
    }
    if (top.orElse(0) > 0) {
      throw Fields.invalid("top_logprobs", "it needs 'logprobs' to be true.");
    }
    return OpenAiFields.likeliest(fields);
  }

  private static void refuseUnavailable(Fields fields) {
    JsonNode modalities = fields.given("modalities");
    if (modalities != null) {
      for (int i = 0; i < modalities.size(); i++) {
        if (!modalities.get(i).asString().equals("text")) {
          throw Fields.unsupported("modalities[" + i + "]", "only 'text' is available.");
        }
      }
    }
    fields.refuse("audio", "audio is not available.");
    fields.refuse("web_search_options", "web search is not available.");
    fields.refuseText("chat_template", "a chat is laid out by the model's own template.");
    fields.refuseFlag("add_generation_prompt", false, "an answer is always begun.");
    fields.refuseFlag("continue_final_message", true, "an answer is always begun anew.");
    fields.refuseFlag("parse_tool_calls", false, "calls are always read; see 'tool_choice'.");
  }
}
