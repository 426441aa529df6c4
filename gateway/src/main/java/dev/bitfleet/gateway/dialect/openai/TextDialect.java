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
import java.util.ArrayList;
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
    SamplingFields.refuseUnavailable(fields);
    fields.refuseText("suffix", "no served model fills in.");
    boolean stream = fields.flag("stream");
    boolean includeUsage = OpenAiFields.includeUsage(fields, stream);
    List<Prompt> prompts = prompts(body.path("prompt"));
    int n = OpenAiFields.choices(fields, prompts.size(), settings);
    if (fields.integer("best_of").orElse(n) != n) {
      throw Fields.unsupported("best_of", "only the value of 'n' is available.");
    }
    OptionalInt logprobs = fields.integer("logprobs");
    CompletionRequest request =
        new CompletionRequest(
            fields.text("model"),
            prompts,
            n,
            SamplingFields.read(
                fields, SamplingFields.biasMap(fields.given("logit_bias")), settings),
            fields.tokenLimit("max_tokens", "max_tokens"),
            fields.texts("stop"),
            fields.flag("ignore_eos"),
            logprobs,
            SamplingFields.contextLimit(fields),
            "",
            PromptScoring.NONE,
            0,
            stream ? Delivery.STREAMED : Delivery.WHOLE);
    return new Call(
        request, new TextFormat(n, echoes(fields, prompts), logprobs.isPresent(), includeUsage));
  }

  /** A list of numbers is one prompt, a list of texts or of lists is several. */
  private static List<Prompt> prompts(JsonNode prompt) {
    if (prompt.isString()) {
      return List.of(new Prompt.Text(prompt.stringValue()));
    }
    JsonNode first = prompt.get(0);
    for (int i = 1; i < prompt.size(); i++) {
      if (prompt.get(i).getNodeType() != first.getNodeType()) {
        throw new ApiException(
            ApiError.invalidParameter(
                "prompt[" + i + "]",
                "Invalid 'prompt[" + i + "]': it is not of the kind of 'prompt[0]'."));
      }
    }
    if (first.isNumber()) {
      return List.of(tokens(prompt));
    }
    List<Prompt> prompts = new ArrayList<>(prompt.size());
    for (JsonNode each : prompt) {
      prompts.add(each.isString() ? new Prompt.Text(each.stringValue()) : tokens(each));
    }
    return prompts;
  }

  private static Prompt.Tokens tokens(JsonNode ids) {
    List<Integer> tokens = new ArrayList<>(ids.size());
    for (JsonNode id : ids) {
      tokens.add((int) id.doubleValue());
    }
    return new Prompt.Tokens(tokens);
  }

  /**
   * The text that goes before each prompt's completion: its prompt with {@code echo}, else nothing.
   */
  private static List<String> echoes(Fields fields, List<Prompt> prompts) {
    boolean echo = fields.flag("echo");
    if (echo && fields.given("logprobs") != null) {
      throw Fields.unsupported("echo", "it is not available together with 'logprobs'.");
    }
    List<String> echoes = new ArrayList<>(prompts.size());
    for (Prompt prompt : prompts) {
      if (!echo) {
        echoes.add("");
      } else if (prompt instanceof Prompt.Text text) {
        echoes.add(text.text());
      } else {
        throw Fields.unsupported("echo", "it is not available for prompts of token ids.");
      }
    }
    return echoes;
  }
}
