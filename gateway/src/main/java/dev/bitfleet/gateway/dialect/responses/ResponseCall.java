package dev.bitfleet.gateway.dialect.responses;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.completion.FieldNames;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request for a response, understood. What it continues is named, not yet there.
 *
 * @param digits random part of the response's id
 * @param created Unix seconds
 * @param model asked for; empty = the one that is served
 * @param input the items it brings along, with their ids; references are not resolved
 * @param instructions for this response alone, before everything else
 * @param previous id of the response it continues; not together with a conversation
 * @param conversation id of the conversation it is a turn of
 * @param delivery how the client that asks gets it
 * @param truncate whether the oldest turns go when the context is too long
 * @param maxTokens 0 = until the context is full
 * @param topLogprobs present: report logprobs and so many alternatives
 * @param priority who goes first, see {@link CompletionRequest#priority}
 * @param output what the text must be, and which tools may be called
 * @param echo the answer's fields that repeat the request. Not changed
 */
public record ResponseCall(
    String digits,
    long created,
    Optional<String> model,
    List<ObjectNode> input,
    Optional<String> instructions,
    Optional<String> previous,
    Optional<String> conversation,
    Mode mode,
    boolean store,
    boolean truncate,
    Sampling sampling,
    int maxTokens,
    List<String> stopStrings,
    OptionalInt topLogprobs,
    int contextLimit,
    Priority priority,
    OutputWish output,
    ObjectNode echo) {

  /** What ids of responses begin with. */
  public static final String ID_PREFIX = "resp_";

  /** How the client that asks gets the answer. */
  public enum Mode {
    WHOLE,
    STREAMED,
    /** At once, while it is still queued. */
    BACKGROUND,
    /** The events of a background response, as long as the client stays. */
    BACKGROUND_STREAMED;

    public boolean background() {
      return this == BACKGROUND || this == BACKGROUND_STREAMED;
    }

    public boolean streamed() {
      return this == STREAMED || this == BACKGROUND_STREAMED;
    }
  }

  public ResponseCall {
    input = List.copyOf(input);
    stopStrings = List.copyOf(stopStrings);
  }

  public String id() {
    return ID_PREFIX + digits;
  }

  /**
   * Whether its client holds it to be said to the end, whatever becomes of this node: it knows the
   * id before that. Run again it has the same events. Not with logprobs in a stream: those are told
   * token by token, as tokens come.
   */
  public boolean promised() {
    return mode.background() || mode.streamed() && store && topLogprobs.isEmpty();
  }

  /** Names the output's items, from the first one on. */
  ItemIds outputIds() {
    return ItemIds.within(digits, input.size());
  }

  /** The chat: instructions, then what the context's items say. */
  public List<ChatMessage> chat(List<ChatMessage> context) {
    if (instructions.isEmpty()) {
      return context;
    }
    List<ChatMessage> chat = new ArrayList<>(context.size() + 1);
    chat.add(new ChatMessage(Role.SYSTEM, instructions.get()));
    chat.addAll(context);
    return chat;
  }

  /**
   * What is asked of the fleet. Its grammar is still to be made, of {@link #output}.
   *
   * @param chat not empty; see {@link #chat}
   * @param scope see {@link CompletionRequest#cacheScope}
   */
  public CompletionRequest completion(List<ChatMessage> chat, long scope) {
    return new CompletionRequest(
        ModelWish.of(model),
        List.of(new Prompt.Chat(chat, output.descriptions())),
        1,
        sampling,
        maxTokens,
        stopStrings,
        false,
        topLogprobs,
        contextLimit,
        output.grammar(),
        PromptScoring.NONE,
        scope,
        priority,
        // What is in an event log cannot be taken back, even when nobody has read it yet.
        mode == Mode.WHOLE ? Delivery.WHOLE : Delivery.STREAMED,
        FieldNames.PLAIN.limitedBy("max_output_tokens"));
  }
}
