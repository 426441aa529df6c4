package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.Fields;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Fields that chats and completions share. */
final class OpenAiFields {
  private OpenAiFields() {}

  /** {@code n}, within what this server allows for so many prompts. */
  static int choices(Fields fields, int prompts, DialectSettings settings) {
    int n = fields.integer("n").orElse(1);
    if ((long) n * prompts > settings.maxChoices()) {
      String param = n > 1 ? "n" : "prompt";
      throw new ApiException(
          ApiError.invalidParameter(
              param,
              "Invalid '"
                  + param
                  + "': "
                  + (long) n * prompts
                  + " completions are asked for at once, and this server allows "
                  + settings.maxChoices()
                  + "."));
    }
    return n;
  }

  static boolean includeUsage(Fields fields, boolean stream) {
    JsonNode options = fields.given("stream_options");
    if (options == null) {
      return false;
    }
    if (!stream) {
      throw new ApiException(
          ApiError.invalidParameter(
              "stream_options",
              "Invalid 'stream_options': it is only allowed with 'stream' true."));
    }
    return new Fields(options, Map.of()).flag("include_usage");
  }
}
