package dev.bitfleet.worker.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The tokens of a vocabulary that steer the model: begin, end, turn and header marks.
 *
 * <p>The engine draws the same line (Vocabulary::read in src/main/cpp): type control, whatever the
 * metadata names as an end or begin token, and all that is written {@code <|…|>}, since files are
 * careless with types.
 *
 * @param idOfText text → id; the lowest id where two tokens have one text
 * @param beginText what bos_token is in a chat template; empty when the model has none
 * @param endText what eos_token is; likewise
 */
public record ControlTokens(Map<String, Integer> idOfText, String beginText, String endText) {
  private static final int TYPE_CONTROL = 3;
  private static final int MAX_TEXT_UNITS = 256;
  // Models that draw have some 30,000 control tokens of 25 characters.
  private static final int MAX_UNITS = 1024 * 1024;

  public ControlTokens {
    idOfText = Map.copyOf(idOfText);
  }

  /**
   * @throws ModelFileException when they are more or longer than any model's
   */
  static ControlTokens of(GgufMetadata metadata) throws ModelFileException {
    List<String> tokens = metadata.tokens();
    List<Integer> types = metadata.tokenTypes();
    Map<String, Integer> control = new HashMap<>();
    for (int id = 0; id < tokens.size(); id++) {
      String text = tokens.get(id);
      boolean typed = id < types.size() && types.get(id) == TYPE_CONTROL;
      // A vocabulary may hold "</s>" as ordinary text (code models do); then it steers nothing.
      if (!text.isEmpty() && (typed || hasControlShape(text))) {
        control.putIfAbsent(text, id);
      }
    }
    for (String key : List.of("bos", "eos", "eot", "eom")) {
      named(metadata, key)
          .filter(text -> !text.isEmpty())
          .ifPresent(text -> control.putIfAbsent(text, tokens.indexOf(text)));
    }
    bound(control.keySet());
    return new ControlTokens(
        control, named(metadata, "bos").orElse(""), named(metadata, "eos").orElse(""));
  }

  /** Whether the vocabulary has a control token of that text. */
  public boolean has(String text) {
    return idOfText.containsKey(text);
  }

  private static void bound(Set<String> texts) throws ModelFileException {
    long units = 0;
    for (String text : texts) {
      units += text.length();
      if (text.length() > MAX_TEXT_UNITS) {
        throw new ModelFileException("a control token is " + text.length() + " characters long");
      }
    }
    if (units > MAX_UNITS) {
      throw new ModelFileException(
          "the control tokens have more than " + MAX_UNITS + " characters together");
    }
  }

  private static boolean hasControlShape(String text) {
    return text.length() > 4 && text.startsWith("<|") && text.endsWith("|>");
  }

  private static Optional<String> named(GgufMetadata metadata, String name) {
    OptionalLong id = metadata.integer("tokenizer.ggml." + name + "_token_id");
    List<String> tokens = metadata.tokens();
    return id.isPresent() && id.getAsLong() >= 0 && id.getAsLong() < tokens.size()
        ? Optional.of(tokens.get((int) id.getAsLong()))
        : Optional.empty();
  }
}
