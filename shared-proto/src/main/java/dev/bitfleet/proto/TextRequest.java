package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/** Asks a worker about text. Takes no slot; any ready worker of the model gives the same answer. */
public sealed interface TextRequest {

  /** Id of the model the question was routed for. */
  String model();

  /**
   * Text to tokens: {@link TextReply.Tokens}.
   *
   * @param addBeginToken whether the begin token goes first where the model's metadata asks for it
   * @param parseControl whether names of control tokens become those tokens. The one way text can
   *     yield them; nothing that generates goes it
   * @param withPieces whether the reply has each token's bytes
   */
  record Tokenize(
      String model, String text, boolean addBeginToken, boolean parseControl, boolean withPieces)
      implements TextRequest {
    public Tokenize {
      Objects.requireNonNull(model);
      Objects.requireNonNull(text);
    }
  }

  /** Tokens to text, control tokens as their names: {@link TextReply.Text}. */
  record Detokenize(String model, List<Integer> ids) implements TextRequest {
    public Detokenize {
      Objects.requireNonNull(model);
      ids = List.copyOf(ids);
    }
  }

  /** A chat as its template lays it out: {@link TextReply.Text}. */
  record Render(String model, Prompt.Chat chat) implements TextRequest {
    public Render {
      Objects.requireNonNull(model);
      Objects.requireNonNull(chat);
    }
  }

  /**
   * Counts a prompt: {@link TextReply.Fit}. With {@code dropTurns} it also finds the oldest turns
   * that have to go for the rest of a chat to fit. A turn is a user's message with all up to the
   * next user's; what stands before the first user's message is one too. Messages of system and
   * developer always stay, and so does the last turn.
   *
   * @param contextLimit caps the context; 0 = the worker's
   * @param room tokens that must be left, or the prompt is refused
   * @param wantedRoom tokens that turns are dropped for; at least {@code room}
   * @param countOnly whether all of it is counted and told, also when it does not fit
   */
  record Fit(
      String model,
      Prompt prompt,
      int contextLimit,
      int room,
      int wantedRoom,
      boolean dropTurns,
      boolean countOnly)
      implements TextRequest {

    public Fit(
        String model, Prompt prompt, int contextLimit, int room, int wantedRoom, boolean drop) {
      this(model, prompt, contextLimit, room, wantedRoom, drop, false);
    }

    /** How many tokens the prompt has, however many. */
    public static Fit counting(String model, Prompt prompt) {
      return new Fit(model, prompt, 0, 0, 0, false, true);
    }

    public Fit {
      Objects.requireNonNull(model);
      Objects.requireNonNull(prompt);
      if (contextLimit < 0 || room < 0 || wantedRoom < room) {
        throw new IllegalArgumentException("a limit is negative, or more room needed than wanted");
      }
    }
  }
}
