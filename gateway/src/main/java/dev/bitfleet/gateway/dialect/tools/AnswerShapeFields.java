package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.grammar.AnswerShape;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads what the text of an answer has to be. Bodies fit the contract. */
public final class AnswerShapeFields {
  private AnswerShapeFields() {}

  /**
   * Chat's {@code response_format}: {@code text}, {@code json_object}, or {@code json_schema} with
   * the schema under {@code json_schema}. llama.cpp's server also has it beside the type, with
   * either type.
   *
   * @param path where the format stands in the request
   */
  public static AnswerShape responseFormat(@Nullable JsonNode format, String path) {
    if (format == null) {
      return new AnswerShape.FreeText();
    }
    Fields fields = new Fields(format, Map.of());
    JsonNode beside = fields.given("schema");
    return switch (type(fields, path)) {
      case "text" -> new AnswerShape.FreeText();
      case "json_object" ->
          beside == null
              ? new AnswerShape.AnyObject()
              : new AnswerShape.OfSchema(beside, false, path + ".schema");
      case "json_schema" -> {
        JsonNode named = fields.given("json_schema");
        if (named != null) {
          yield schema(new Fields(named, Map.of()), path + ".json_schema");
        }
        if (beside == null) {
          throw new ApiException(ApiError.missingParameter(path + ".json_schema"));
        }
        yield new AnswerShape.OfSchema(beside, fields.flag("strict"), path + ".schema");
      }
      default -> throw unknown(path);
    };
  }

  /**
   * The {@code text.format} of responses: the schema stands beside the type.
   *
   * @param path where the format stands in the request
   */
  public static AnswerShape textFormat(@Nullable JsonNode format, String path) {
    if (format == null) {
      return new AnswerShape.FreeText();
    }
    Fields fields = new Fields(format, Map.of());
    return switch (type(fields, path)) {
      case "text" -> new AnswerShape.FreeText();
      case "json_object" -> new AnswerShape.AnyObject();
      case "json_schema" -> {
        if (fields.text("name").isEmpty()) {
          throw new ApiException(ApiError.missingParameter(path + ".name"));
        }
        yield schema(fields, path);
      }
      default -> throw unknown(path);
    };
  }

  /** llama.cpp's {@code json_schema}, a schema by itself. */
  public static AnswerShape bareSchema(@Nullable JsonNode schema, String path) {
    return schema == null
        ? new AnswerShape.FreeText()
        : new AnswerShape.OfSchema(schema, false, path);
  }

  private static String type(Fields fields, String path) {
    return fields
        .text("type")
        .orElseThrow(() -> new ApiException(ApiError.missingParameter(path + ".type")));
  }

  /** A format without a schema asks for JSON of any kind, which clients mean to be an object. */
  private static AnswerShape schema(Fields fields, String path) {
    JsonNode schema = fields.given("schema");
    return schema == null
        ? new AnswerShape.AnyObject()
        : new AnswerShape.OfSchema(schema, fields.flag("strict"), path + ".schema");
  }

  private static ApiException unknown(String path) {
    return new ApiException(
        ApiError.invalidParameter(
            path + ".type",
            "Invalid '" + path + ".type': expected 'text', 'json_object' or 'json_schema'."));
  }
}
