package dev.bitfleet.gateway.grammar;

import tools.jackson.databind.JsonNode;

/** What the text of an answer must be, apart from calls of tools. */
public sealed interface AnswerShape {
  /** Anything. */
  record FreeText() implements AnswerShape {}

  /** Some JSON object: {@code response_format: {"type": "json_object"}}. */
  record AnyObject() implements AnswerShape {}

  /**
   * A document of a schema.
   *
   * @param strict whether OpenAI's structural rules for {@code strict: true} are asked of the
   *     schema
   * @param path where the schema stands in the request: {@code response_format.json_schema.schema}
   */
  record OfSchema(JsonNode schema, boolean strict, String path) implements AnswerShape {}
}
