package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.Fields;
import dev.bitfleet.gateway.dialect.SamplingFields;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** Chat completions; the two routes differ in the defaults that the contract declares for them. */
public final class ChatDialect implements Dialect {
  private static final String NO_TOOLS = "tools are not available.";

  private final Map<String, JsonNode> defaults;
  private final DialectSettings settings;

  public ChatDialect(Map<String, JsonNode> defaults, DialectSettings settings) {
    this.defaults = defaults;
    this.settings = settings;
  }

  @Override
  public Call read(JsonNode body) {
    Fields fields = new Fields(body, defaults);
    refuseUnavailable(fields);
    boolean stream = fields.flag("stream");
    boolean includeUsage = OpenAiFields.includeUsage(fields, stream);
    int n = OpenAiFields.choices(fields, 1, settings);
    CompletionRequest request =
        new CompletionRequest(
            fields.text("model"),
            List.of(new Prompt.Chat(ChatMessages.read(body.path("messages")))),
            n,
            SamplingFields.read(
                fields, SamplingFields.biasMap(fields.given("logit_bias")), settings),
            fields.tokenLimit("max_tokens", "max_completion_tokens", "max_tokens"),
            fields.texts("stop"),
            fields.flag("ignore_eos"),
            topLogprobs(fields),
            SamplingFields.contextLimit(fields),
            "",
            PromptScoring.NONE,
            0,
            stream ? Delivery.STREAMED : Delivery.WHOLE);
    return new Call(request, new ChatFormat(n, request.topLogprobs().isPresent(), includeUsage));
  }

  private static OptionalInt topLogprobs(Fields fields) {
    OptionalInt top = fields.integer("top_logprobs");
    if (fields.flag("logprobs")) {
      return OptionalInt.of(top.orElse(0));
    }
    if (top.orElse(0) > 0) {
      throw new ApiException(
          ApiError.invalidParameter(
              "top_logprobs", "Invalid 'top_logprobs': it needs 'logprobs' to be true."));
    }
    return OptionalInt.empty();
  }

  private static void refuseUnavailable(Fields fields) {
    SamplingFields.refuseUnavailable(fields);
    fields.refuseUnlessEmpty("tools", NO_TOOLS);
    fields.refuseUnlessEmpty("functions", NO_TOOLS);
    refuseChoice(fields, "tool_choice");
    refuseChoice(fields, "function_call");
    JsonNode format = fields.given("response_format");
    if (format != null && !format.path("type").asString().equals("text")) {
      throw Fields.unsupported("response_format.type", "only 'text' is available.");
    }
    JsonNode modalities = fields.given("modalities");
    if (modalities != null) {
      for (int i = 0; i < modalities.size(); i++) {
        if (!modalities.get(i).asString().equals("text")) {
          throw Fields.unsupported("modalities[" + i + "]", "only 'text' is available.");
        }
      }
    }
    if (fields.text("truncation").filter(how -> !how.equals("disabled")).isPresent()) {
      throw Fields.unsupported("truncation", "only 'disabled' is available.");
    }
    fields.refuse("audio", "audio is not available.");
    fields.refuse("web_search_options", "web search is not available.");
  }

  private static void refuseChoice(Fields fields, String name) {
    JsonNode choice = fields.given(name);
    if (choice == null) {
      return;
    }
    if (choice.isObject()
        || !(choice.stringValue().equals("none") || choice.stringValue().equals("auto"))) {
      throw Fields.unsupported(name, NO_TOOLS);
    }
  }
}
