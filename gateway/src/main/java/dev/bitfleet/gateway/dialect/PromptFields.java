package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.proto.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Reads prompts of raw text or token ids. Bodies fit the contract. */
public final class PromptFields {
  private PromptFields() {}

  /** A text, a list of ids, which is one prompt, or a list of prompts. */
  public static List<Prompt> read(JsonNode prompt, String path) {
    if (!prompt.isArray()) {
      return List.of(one(prompt, path));
    }
    boolean ids = prompt.get(0).isNumber();
    for (int i = 1; i < prompt.size(); i++) {
      if (prompt.get(i).isNumber() != ids) {
        throw Fields.invalid(path + '[' + i + ']', "it is not of the kind of '" + path + "[0]'.");
      }
    }
    if (ids) {
      return List.of(tokens(prompt));
    }
    List<Prompt> prompts = new ArrayList<>(prompt.size());
    for (int i = 0; i < prompt.size(); i++) {
      prompts.add(one(prompt.get(i), path + '[' + i + ']'));
    }
    return prompts;
  }

  private static Prompt one(JsonNode prompt, String path) {
    if (prompt.isObject()) {
      Fields fields = new Fields(prompt, Map.of());
      fields.refuseUnlessEmpty("multimodal_data", "only text is available.");
      JsonNode text = fields.given("prompt_string");
      if (text == null) {
        throw Fields.invalid(path, "expected a field 'prompt_string'.");
      }
      return new Prompt.Text(text.stringValue());
    }
    return prompt.isString() ? new Prompt.Text(prompt.stringValue()) : tokens(prompt);
  }

  private static Prompt.Tokens tokens(JsonNode ids) {
    List<Integer> tokens = new ArrayList<>(ids.size());
    for (JsonNode id : ids) {
      tokens.add((int) id.doubleValue());
    }
    return new Prompt.Tokens(tokens);
  }
}
