package dev.bitfleet.gateway.dialect.responses;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.tools.ChoiceReader;
import dev.bitfleet.gateway.grammar.ToolEvent;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.TokenDetail;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * From a completion's events to those of the API, and to the items they add up to. One thread.
 *
 * <p>Events come in this order: {@code response.created}, {@code response.queued} when it is a
 * background one, {@code response.in_progress}; for each item {@code response.output_item.added},
 * its parts and deltas, {@code response.output_item.done}; and {@link #lastEvent one} that says how
 * it ended, which goes out when whatever has to be kept is kept.
 */
public final class ResponseWriter {
  private final ResponseState state;
  private final ResponseEvents events;
  private final boolean logprobs;

  /** What may be run again tells its text in {@link EvenPieces}. */
  private final boolean evenly;

  private ItemIds ids;
  private ChoiceReader reader;
  private @Nullable OpenItem open;
  private boolean created;

  /** The item that is being written. */
  private static final class OpenItem {
    final ObjectNode item;
    final int index;
    final StringBuilder text = new StringBuilder();
    final List<TokenDetail> tokens = new ArrayList<>();

    /** How much of its text has been told, where that is told evenly. */
    int told;

    OpenItem(ObjectNode item, int index) {
      this.item = item;
      this.index = index;
    }

    String id() {
      return Items.idOf(item);
    }

    boolean message() {
      return Items.typeOf(item).equals(Items.MESSAGE);
    }
  }

  /**
   * @param sink gets each event as bytes of a server-sent event
   */
  public ResponseWriter(ResponseState state, Consumer<byte[]> sink) {
    this.state = state;
    this.events = new ResponseEvents(sink);
    this.logprobs = state.call().topLogprobs().isPresent();
    this.evenly = state.call().promised();
    this.ids = state.call().outputIds();
    this.reader = new ChoiceReader(state.call().output().callable());
  }

  /** The response is there: the first event, and for a background one that it waits. */
  public void created() {
    created = true;
    events.response("response.created", state.json());
    if (state.status() == ResponseStatus.QUEUED) {
      events.response("response.queued", state.json());
    }
  }

  /** A worker has it; again when it begins anew, which is not told where events were sent. */
  public void opened(CompletionEvent.Opened opened) {
    boolean again = created && state.status() == ResponseStatus.IN_PROGRESS;
    state.began(opened.model());
    if (!created) {
      created();
    }
    if (!again) {
      events.response("response.in_progress", state.json());
    }
    ids = state.call().outputIds();
    reader = new ChoiceReader(state.call().output().callable());
    open = null;
  }

  public void delta(CompletionEvent.Delta delta) {
    // Tokens belong to the text they are part of; those of calls are not reported.
    List<TokenDetail> tokens = delta.tokens();
    for (ToolEvent event : reader.read(delta.text())) {
      take(event, tokens);
      tokens = List.of();
    }
  }

  private void take(ToolEvent event, List<TokenDetail> tokens) {
    switch (event) {
      case ToolEvent.Content(String text) -> text(text, tokens);
      case ToolEvent.CallBegan(int index, String name) -> {
        close(Items.COMPLETED);
        beginCall(name);
      }
      case ToolEvent.ArgumentsDelta(int index, String text) -> {
        OpenItem call = current();
        call.text.append(text);
        if (evenly) {
          tellEvenly(call);
        } else {
          events.argumentsDelta(call.id(), call.index, text);
        }
      }
      case ToolEvent.CallEnded(int index, boolean whole) ->
          close(whole ? Items.COMPLETED : Items.INCOMPLETE);
    }
  }

  private void text(String text, List<TokenDetail> tokens) {
    if (open == null) {
      beginMessage();
    }
    OpenItem message = current();
    message.text.append(text);
    byte[] reported = OutputLogprobs.NONE;
    if (logprobs) {
      message.tokens.addAll(tokens);
      reported = OutputLogprobs.of(tokens);
    }
    if (evenly) {
      tellEvenly(message);
    } else {
      deltaOf(message, text, reported);
    }
  }

  private void deltaOf(OpenItem message, String text, byte[] reported) {
    events.text("response.output_text.delta", message.id(), message.index, "delta", text, reported);
  }

  private void tellEvenly(OpenItem item) {
    for (int end = EvenPieces.end(item.text, item.told);
        end >= 0;
        end = EvenPieces.end(item.text, item.told)) {
      tellTo(item, end);
    }
  }

  /** Tokens end elsewhere; they are told with the whole text. */
  private void tellTo(OpenItem item, int end) {
    String text = item.text.substring(item.told, end);
    item.told = end;
    if (item.message()) {
      deltaOf(item, text, OutputLogprobs.NONE);
    } else {
      events.argumentsDelta(item.id(), item.index, text);
    }
  }

  private void tellRest(OpenItem item) {
    if (evenly && item.told < item.text.length()) {
      tellTo(item, item.text.length());
    }
  }

  private OpenItem current() {
    OpenItem item = open;
    if (item == null) {
      throw new IllegalStateException("no item is open");
    }
    return item;
  }

  private void beginMessage() {
    begin(Items.emptyMessage(ids.next(Items.MESSAGE_ID), Role.ASSISTANT, Items.IN_PROGRESS));
    OpenItem message = current();
    events.part(
        "response.content_part.added", message.id(), message.index, Items.part(Role.ASSISTANT, ""));
  }

  private void beginCall(String name) {
    String id = ids.next(Items.CALL_ID);
    // The item's own digits again: the same whenever the response is run.
    String callId = "call" + id.substring(id.indexOf('_'));
    begin(Items.functionCall(id, callId, name, "", Items.IN_PROGRESS));
  }

  private void begin(ObjectNode item) {
    OpenItem begun = new OpenItem(item, state.output().size());
    open = begun;
    events.item("response.output_item.added", begun.index, item);
  }

  /** Closes the open item, if any. */
  private void close(String status) {
    OpenItem closing = open;
    if (closing == null) {
      return;
    }
    open = null;
    tellRest(closing);
    ObjectNode item = finished(closing, status);
    if (closing.message()) {
      byte[] reported = logprobs ? OutputLogprobs.of(closing.tokens) : OutputLogprobs.NONE;
      events.text(
          "response.output_text.done", closing.id(), closing.index, "text", closing.text, reported);
      events.part(
          "response.content_part.done", closing.id(), closing.index, item.path("content").path(0));
    } else {
      events.argumentsDone(
          closing.id(), closing.index, item.path("name").stringValue(), closing.text);
    }
    state.output().add(item);
    events.item("response.output_item.done", closing.index, item);
  }

  private ObjectNode finished(OpenItem closing, String status) {
    ObjectNode item = closing.item.deepCopy();
    item.put("status", status);
    if (closing.message()) {
      ObjectNode part = Items.part(Role.ASSISTANT, closing.text.toString());
      if (logprobs) {
        part.set("logprobs", JsonMapper.shared().readTree(OutputLogprobs.of(closing.tokens)));
      }
      ((ArrayNode) item.get("content")).add(part);
    } else {
      item.put("arguments", closing.text.toString());
    }
    return item;
  }

  /**
   * The completion is whole: closes what is open.
   *
   * @param now Unix seconds
   */
  public void finished(CompletionEvent.Finished finished, long now) {
    for (ToolEvent event : reader.finish()) {
      take(event, List.of());
    }
    boolean whole = finished.reason() != FinishReason.LENGTH;
    if (open == null && state.output().isEmpty()) {
      // A model that says nothing has answered all the same.
      beginMessage();
    }
    close(whole ? Items.COMPLETED : Items.INCOMPLETE);
    state.ended(whole, finished.usage(), now);
  }

  /** It has failed, wherever it was. What was written so far stays, as incomplete. */
  public void failed(ApiError error) {
    abandonOpen();
    state.failed(error);
  }

  /** It was called off. */
  public void cancelled() {
    abandonOpen();
    state.cancelled();
  }

  private void abandonOpen() {
    OpenItem abandoned = open;
    open = null;
    if (abandoned != null) {
      tellRest(abandoned);
      state.output().add(finished(abandoned, Items.INCOMPLETE));
    }
  }

  /**
   * The last event, which says how it ended; it is not given to the sink. It may be asked for again
   * when the end has become another one.
   */
  public byte[] lastEvent() {
    if (!created) {
      created();
    }
    return events.last(endOf(state.status()), state.json());
  }

  private static String endOf(ResponseStatus status) {
    return switch (status) {
      case COMPLETED -> "response.completed";
      // Clients know no event for what was called off; the status tells.
      case INCOMPLETE, CANCELLED -> "response.incomplete";
      case FAILED -> "response.failed";
      case QUEUED, IN_PROGRESS -> throw new IllegalStateException("it has not ended");
    };
  }

  /**
   * The events of a response that left none, because it was answered whole: each text and each list
   * of arguments is one delta.
   *
   * @param response the object, with a status that it ended with
   */
  public static List<byte[]> replay(ObjectNode response) {
    List<byte[]> replayed = new ArrayList<>();
    ResponseEvents events = new ResponseEvents(replayed::add);
    ObjectNode began = response.deepCopy();
    began.put("status", ResponseStatus.IN_PROGRESS.wireName());
    began.putArray("output");
    for (String later : List.of("usage", "error", "incomplete_details", "completed_at")) {
      began.putNull(later);
    }
    events.response("response.created", began);
    events.response("response.in_progress", began);
    int index = 0;
    for (JsonNode item : response.path("output")) {
      replayItem((ObjectNode) item, index++, events);
    }
    ResponseStatus status =
        ResponseStatus.valueOf(response.path("status").stringValue().toUpperCase(Locale.ROOT));
    replayed.add(events.last(endOf(status), response));
    return replayed;
  }

  private static void replayItem(ObjectNode item, int index, ResponseEvents events) {
    String id = Items.idOf(item);
    ObjectNode began = item.deepCopy();
    began.put("status", Items.IN_PROGRESS);
    if (Items.typeOf(item).equals(Items.MESSAGE)) {
      began.putArray("content");
      events.item("response.output_item.added", index, began);
      events.part("response.content_part.added", id, index, Items.part(Role.ASSISTANT, ""));
      JsonNode part = item.path("content").path(0);
      String text = part.path("text").stringValue("");
      byte[] logprobs = JsonMapper.shared().writeValueAsBytes(part.path("logprobs"));
      events.text("response.output_text.delta", id, index, "delta", text, logprobs);
      events.text("response.output_text.done", id, index, "text", text, logprobs);
      events.part("response.content_part.done", id, index, part);
    } else {
      began.put("arguments", "");
      events.item("response.output_item.added", index, began);
      String arguments = item.path("arguments").stringValue("");
      events.argumentsDelta(id, index, arguments);
      events.argumentsDone(id, index, item.path("name").stringValue(""), arguments);
    }
    events.item("response.output_item.done", index, item);
  }

  /**
   * An event for a stream that cannot go on as it should, with nothing after it.
   *
   * @param number how many events its reader has got
   */
  public static byte[] error(ApiError error, long number) {
    return ResponseEvents.error(error, number);
  }
}
