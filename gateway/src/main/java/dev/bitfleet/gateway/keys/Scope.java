package dev.bitfleet.gateway.keys;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What a key is good for. */
public enum Scope {
  /** Completions, embeddings, tokens, and the list of models. */
  INFERENCE,
  /** What is stored: conversations, responses, stored completions. */
  CONVERSATIONS,
  /** Loading and unloading models. */
  MODELS;

  /** What a key gets when its entry does not say. */
  public static final Set<Scope> USUAL = Set.of(INFERENCE, CONVERSATIONS);

  /** The name as files and messages write it. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The scope of that name. */
  public static Optional<Scope> of(String wireName) {
    return Arrays.stream(values()).filter(s -> s.wireName().equals(wireName)).findFirst();
  }
}
