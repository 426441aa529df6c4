package dev.bitfleet.gateway.dialect.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.SamplingFields;
import dev.bitfleet.gateway.dialect.ServiceTier;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.items.ItemReader;
import dev.bitfleet.gateway.dialect.responses.ResponseCall.Mode;
import dev.bitfleet.gateway.dialect.tools.AnswerShapeFields;
import dev.bitfleet.gateway.dialect.tools.OfferedTool;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.gateway.dialect.tools.ToolChoiceFields;
import dev.bitfleet.gateway.dialect.tools.ToolFields;
import dev.bitfleet.gateway.grammar.AnswerShape;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Sampling;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Understands requests for responses. Stateless; may be used from any thread. */
public final class ResponsesDialect {
  private static final String LOGPROBS = "message.output_text.logprobs";

  private final Map<String, JsonNode> defaults;
  private final DialectSettings settings;

  /**
   * @param defaults what the contract declares for the operation
   */
  public ResponsesDialect(Map<String, JsonNode> defaults, DialectSettings settings) {
    this.defaults = defaults;
    this.settings = settings;
  }

  /**
   * Reads a body that fits the contract.
   *
   * @param digits random part of the response's id, see {@link ItemIds#randomDigits}
   * @param created Unix seconds
   * @param storeUnlessSaid whether it is kept when the body does not say
   * @throws ApiException when it asks for what a schema cannot rule out
   */
  public ResponseCall read(JsonNode body, String digits, long created, boolean storeUnlessSaid) {
    Fields fields = new Fields(body, defaults);
    refuseUnavailable(fields);
    Mode mode = mode(fields);
    boolean store = fields.given("store") == null ? storeUnlessSaid : fields.flag("store");
    if (mode.background() && !store) {
      throw invalid("background", "a background response needs 'store' to be true");
    }
    Optional<String> previous = fields.text("previous_response_id");
    Optional<String> conversation = conversation(fields.given("conversation"));
    if (previous.isPresent() && conversation.isPresent()) {
      throw invalid("conversation", "it excludes 'previous_response_id'");
    }
    JsonNode input = fields.given("input");
    if (input == null) {
      throw new ApiException(ApiError.missingParameter("input"));
    }
    Sampling sampling =
        SamplingFields.read(fields, SamplingFields.biasMap(fields.given("logit_bias")), settings);
    List<OfferedTool> tools = ToolFields.flat(fields.given("tools"), "tools", false);
    OutputWish output =
        new OutputWish(
            shape(fields),
            tools,
            ToolChoiceFields.flat(fields.given("tool_choice"), "tool_choice", tools),
            fields.flag("parallel_tool_calls"),
            "");
    boolean truncate = fields.text("truncation").filter(how -> how.equals("auto")).isPresent();
    return new ResponseCall(
        digits,
        created,
        fields.text("model"),
        ItemReader.read(input, "input", ItemIds.within(digits, 0)),
        fields.text("instructions"),
        previous,
        conversation,
        mode,
        store,
        truncate,
        sampling,
        fields.tokenLimit("max_output_tokens", "max_output_tokens"),
        fields.texts("stop"),
        topLogprobs(fields),
        SamplingFields.contextLimit(fields),
        mode.background() ? Priority.BACKGROUND : ServiceTier.of(fields).priority(),
        output,
        ResponseEcho.of(fields, sampling, output, mode, store, conversation));
  }

  private static AnswerShape shape(Fields fields) {
    JsonNode text = fields.given("text");
    return AnswerShapeFields.textFormat(
        text == null ? null : new Fields(text, Map.of()).given("format"), "text.format");
  }

  private static Mode mode(Fields fields) {
    boolean stream = fields.flag("stream");
    if (fields.given("stream_options") != null && !stream) {
      throw invalid("stream_options", "it is only allowed with 'stream' true");
    }
    if (fields.flag("background")) {
      return stream ? Mode.BACKGROUND_STREAMED : Mode.BACKGROUND;
    }
    return stream ? Mode.STREAMED : Mode.WHOLE;
  }

  private static Optional<String> conversation(@Nullable JsonNode given) {
    if (given == null) {
      return Optional.empty();
    }
    if (given.isString()) {
      return Optional.of(given.stringValue());
    }
    JsonNode id = given.get("id");
    if (id == null || !id.isString()) {
      throw new ApiException(ApiError.missingParameter("conversation.id"));
    }
    return Optional.of(id.stringValue());
  }

  private static OptionalInt topLogprobs(Fields fields) {
    return fields.texts("include").contains(LOGPROBS)
        ? OptionalInt.of(fields.integer("top_logprobs").orElse(0))
        : OptionalInt.empty();
  }

  private static void refuseUnavailable(Fields fields) {
    fields.refuse("prompt", "stored prompts are not available.");
    if (fields.flag("ignore_eos")) {
      throw Fields.unsupported("ignore_eos", "it is not available here.");
    }
    fields.refuseText("grammar", "use 'text.format'.");
    fields.refuse("json_schema", "use 'text.format'.");
  }

  private static ApiException invalid(String param, String why) {
    return new ApiException(
        ApiError.invalidParameter(param, "Invalid '" + param + "': " + why + "."));
  }
}
