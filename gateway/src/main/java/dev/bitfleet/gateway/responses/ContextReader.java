package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Shown;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Gathers the items that a response's prompt is made of. Event loop only. */
final class ContextReader {
  /** Responses in one chain: more than any context holds. */
  private static final int LONGEST_CHAIN = 4096;

  private final ResponseArchive archive;

  ContextReader(ResponseArchive archive) {
    this.archive = archive;
  }

  /**
   * What a prompt is made of.
   *
   * @param before items of earlier turns
   * @param input the request's own, without references
   */
  record Context(List<JsonNode> before, List<ObjectNode> input) {
    List<JsonNode> items() {
      List<JsonNode> items = new ArrayList<>(before);
      items.addAll(input);
      return items;
    }
  }

  /**
   * The context of a call.
   *
   * @param history the conversation's items, when it is a turn of one
   */
  Future<Context> read(String tenant, ResponseCall call, List<? extends JsonNode> history) {
    Future<List<JsonNode>> before =
        call.previous().isPresent()
            ? chain(tenant, call.previous().get())
            : Future.succeededFuture(List.copyOf(history));
    return before.compose(
        items ->
            resolved(tenant, call, items, 0, new ArrayList<>())
                .map(input -> checked(new Context(items, input))));
  }

  private Future<List<JsonNode>> chain(String tenant, String previous) {
    return back(tenant, Optional.of(previous), new ArrayList<>());
  }

  /** Documents from the newest to the oldest; then their items the other way round. */
  private Future<List<JsonNode>> back(
      String tenant, Optional<String> previous, List<ResponseDocument> newer) {
    if (previous.isEmpty() || newer.size() >= LONGEST_CHAIN) {
      Optional<ResponseDocument> oldest =
          newer.isEmpty() ? Optional.empty() : Optional.of(newer.getLast());
      return oldest
          .flatMap(ResponseDocument::conversation)
          .map(conversation -> earlierTurns(tenant, conversation, oldest.get()))
          .orElse(Future.succeededFuture(List.of()))
          .map(
              earlier -> {
                List<JsonNode> items = new ArrayList<>(earlier);
                newer.reversed().forEach(document -> items.addAll(document.items()));
                return items;
              });
    }
    String id = previous.get();
    return archive
        .use(new Owner(tenant, id))
        .recover(why -> Future.failedFuture(notFound(id, newer, why)))
        .compose(
            document -> {
              if (document.running()) {
                return Future.failedFuture(stillRunning(id));
              }
              newer.add(document);
              return back(tenant, document.previous(), newer);
            });
  }

  /** Of a response that was a turn of a conversation: what the conversation had before it. */
  private Future<List<JsonNode>> earlierTurns(
      String tenant, String conversation, ResponseDocument turn) {
    Set<String> own = new HashSet<>();
    turn.items().forEach(item -> own.add(Items.idOf(item)));
    return archive
        .conversationItems(tenant, conversation)
        .map(
            items -> {
              List<JsonNode> earlier = new ArrayList<>();
              for (JsonNode item : items) {
                if (own.contains(Items.idOf(item))) {
                  break;
                }
                earlier.add(item);
              }
              return earlier;
            })
        // A conversation that is gone takes its earlier turns with it.
        .recover(
            gone ->
                gone instanceof ApiException refusal && refusal.error().status() == 404
                    ? Future.succeededFuture(List.of())
                    : Future.failedFuture(gone));
  }

  private Future<List<ObjectNode>> resolved(
      String tenant, ResponseCall call, List<JsonNode> before, int from, List<ObjectNode> done) {
    List<ObjectNode> input = call.input();
    for (int i = from; i < input.size(); i++) {
      ObjectNode item = input.get(i);
      if (!Items.typeOf(item).equals(Items.ITEM_REFERENCE)) {
        done.add(item);
        continue;
      }
      int index = i;
      return referred(tenant, Items.idOf(item), before, i)
          .compose(
              found -> {
                done.add(copy(found, call.digits(), index));
                return resolved(tenant, call, before, index + 1, done);
              });
    }
    return Future.succeededFuture(done);
  }

  /** An item stands in one place; what is referred to is here once more, under its own id. */
  private static ObjectNode copy(ObjectNode item, String digits, int index) {
    String id = Items.idOf(item);
    ObjectNode copy = item.deepCopy();
    copy.put("id", id.substring(0, id.indexOf('_')) + ItemIds.copied(digits, index));
    return copy;
  }

  private Future<ObjectNode> referred(
      String tenant, String id, List<? extends JsonNode> before, int index) {
    Optional<ObjectNode> here = withId(before, id);
    if (here.isPresent()) {
      return Future.succeededFuture(here.get());
    }
    Optional<String> conversation = ItemIds.conversationOf(id);
    if (conversation.isPresent()) {
      return archive
          .conversationItem(tenant, conversation.get(), id)
          .recover(why -> Future.failedFuture(isMissing(why) ? noItem(id, index) : why));
    }
    Optional<String> owner = ItemIds.ownerOf(id);
    if (owner.isEmpty()) {
      return Future.failedFuture(noItem(id, index));
    }
    return archive
        .find(ResponseArchive.ownerOf(tenant, owner.get()))
        .recover(why -> Future.failedFuture(isMissing(why) ? noItem(id, index) : why))
        .compose(
            document ->
                withId(document.items(), id)
                    .map(Future::succeededFuture)
                    .orElseGet(() -> Future.failedFuture(noItem(id, index))));
  }

  private static Optional<ObjectNode> withId(List<? extends JsonNode> items, String id) {
    for (JsonNode item : items) {
      if (item instanceof ObjectNode object && Items.idOf(item).equals(id)) {
        return Optional.of(object);
      }
    }
    return Optional.empty();
  }

  /** An output of a call that nobody made would make no sense to the model. */
  private static Context checked(Context context) {
    Set<String> calls = new HashSet<>();
    for (JsonNode item : context.items()) {
      String callId = item.path("call_id").stringValue("");
      switch (Items.typeOf(item)) {
        case Items.FUNCTION_CALL -> calls.add(callId);
        case Items.FUNCTION_CALL_OUTPUT -> {
          if (!calls.contains(callId)) {
            throw new ApiException(
                ApiError.invalid(
                    400,
                    "invalid_parameter",
                    Optional.of("input"),
                    "No tool call found for function call output with call_id "
                        + Shown.of(callId)
                        + "."));
          }
        }
        default -> {}
      }
    }
    return context;
  }

  private static boolean isMissing(Throwable why) {
    return why instanceof ApiException refusal && refusal.error().status() == 404;
  }

  /**
   * @param newer the chain from the response that was named to the one before the missing one
   */
  private static Throwable notFound(String id, List<ResponseDocument> newer, Throwable why) {
    if (!isMissing(why)) {
      return why;
    }
    String missing = "Previous response with id '" + Shown.of(id) + "' not found";
    return new ApiException(
        ApiError.invalid(
            400,
            "previous_response_not_found",
            Optional.of("previous_response_id"),
            newer.isEmpty()
                ? missing + "."
                : missing
                    + ": '"
                    + newer.getLast().id()
                    + "' continues it, and it was deleted or has expired. Send the items that are"
                    + " to be remembered as 'input' instead."));
  }

  private static ApiException stillRunning(String id) {
    return new ApiException(
        ApiError.invalid(
            400,
            "previous_response_not_completed",
            Optional.of("previous_response_id"),
            "Previous response with id '" + Shown.of(id) + "' has not ended yet."));
  }

  private static ApiException noItem(String id, int index) {
    return new ApiException(
        ApiError.invalid(
            404,
            "item_not_found",
            Optional.of("input[" + index + "].id"),
            "Item with id '"
                + Shown.of(id)
                + "' not found. Items are not persisted when 'store' is false."));
  }
}
