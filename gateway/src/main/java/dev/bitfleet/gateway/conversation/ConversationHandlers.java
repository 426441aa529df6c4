package dev.bitfleet.gateway.conversation;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.items.ItemReader;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.operations.Claim;
import dev.bitfleet.gateway.operations.Deleted;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.Pages;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.store.Commit;
import dev.bitfleet.gateway.store.Conversation;
import dev.bitfleet.gateway.store.PageRequest;
import dev.bitfleet.gateway.store.Store;
import dev.bitfleet.gateway.store.Turn;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Conversations and their items. Event loop only. */
public final class ConversationHandlers {
  private static final byte[] NOTHING = "{}".getBytes(StandardCharsets.US_ASCII);

  /** More items than these are rendered on a worker thread. */
  private static final int INLINE_ITEMS = 50;

  private final Vertx vertx;
  private final Store store;
  private final ReadBudget reads;
  private final RequestReader reader;
  private final IdempotentRequests repeats;

  public ConversationHandlers(
      Vertx vertx,
      Store store,
      ReadBudget reads,
      RequestReader reader,
      IdempotentRequests repeats) {
    this.reads = reads;
    this.vertx = vertx;
    this.store = store;
    this.reader = reader;
    this.repeats = repeats;
  }

  /** Adds what this can do. */
  public void addTo(Map<Operation, Handler> handlers) {
    handlers.put(Operation.CREATE_CONVERSATION, this::create);
    handlers.put(Operation.LIST_CONVERSATIONS, (exchange, body) -> list(exchange));
    handlers.put(Operation.RETRIEVE_CONVERSATION, (exchange, body) -> retrieve(exchange));
    handlers.put(Operation.UPDATE_CONVERSATION, this::update);
    handlers.put(Operation.DELETE_CONVERSATION, (exchange, body) -> delete(exchange));
    handlers.put(Operation.EXPORT_CONVERSATION, (exchange, body) -> export(exchange));
    handlers.put(Operation.CREATE_CONVERSATION_ITEMS, this::createItems);
    handlers.put(Operation.LIST_CONVERSATION_ITEMS, (exchange, body) -> listItems(exchange));
    handlers.put(Operation.RETRIEVE_CONVERSATION_ITEM, (exchange, body) -> item(exchange));
    handlers.put(Operation.DELETE_CONVERSATION_ITEM, (exchange, body) -> deleteItem(exchange));
  }

  private static String tenant(Exchange exchange) {
    return exchange.caller().tenant();
  }

  private static String id(Exchange exchange) {
    return exchange.parameter("conversation_id");
  }

  /** Answers with what the future gives, rendered here when it is small. */
  private void answer(Exchange exchange, int items, Supplier<ObjectNode> json) {
    if (exchange.settled()) {
      return;
    }
    if (items <= INLINE_ITEMS) {
      exchange.json(200, ConversationJson.bytes(json.get()));
      return;
    }
    exchange.settling(
        vertx.executeBlocking(() -> ConversationJson.bytes(json.get()), false),
        bytes -> exchange.json(200, bytes));
  }

  /** A few items may be megabytes: they are written beside the event loop. */
  private Future<byte[]> rendered(Supplier<ObjectNode> json) {
    return vertx.executeBlocking(() -> ConversationJson.bytes(json.get()), false);
  }

  private void create(Exchange exchange, byte[] body) {
    record Wish(ObjectNode metadata, List<ObjectNode> items) {}
    String id = ItemIds.CONVERSATION_PREFIX + ItemIds.randomDigits();
    reader.read(
        exchange,
        body.length == 0 ? NOTHING : body,
        json -> new Wish(metadata(json), items(json, id)),
        wish ->
            repeats.begin(
                exchange,
                body,
                claim -> {
                  byte[] answer =
                      ConversationJson.bytes(
                          ConversationJson.of(
                              id, System.currentTimeMillis() / 1000, wish.metadata()));
                  Commit commit = store.commit(tenant(exchange));
                  commit.create(id, wish.metadata(), wish.items());
                  claim.keep(commit, () -> IdempotentRequests.json(answer));
                  exchange.settling(commit.run(), done -> exchange.json(200, answer));
                }));
  }

  private static ObjectNode metadata(JsonNode body) {
    return body.path("metadata") instanceof ObjectNode given
        ? given
        : JsonMapper.shared().createObjectNode();
  }

  private static List<ObjectNode> items(JsonNode body, String conversationId) {
    JsonNode given = body.path("items");
    if (given.isMissingNode() || given.isNull()) {
      return List.of();
    }
    List<ObjectNode> items =
        ItemReader.read(given, "items", ItemIds.ofConversation(conversationId));
    for (int i = 0; i < items.size(); i++) {
      if (Items.typeOf(items.get(i)).equals(Items.ITEM_REFERENCE)) {
        String param = "items[" + i + "].type";
        throw new ApiException(
            ApiError.unsupportedParameter(
                param, "Unsupported parameter '" + param + "': a reference is not an item."));
      }
    }
    return items;
  }

  private void list(Exchange exchange) {
    PageRequest page = Pages.read(exchange, false);
    exchange.settling(
        store.conversations().list(tenant(exchange), page),
        found ->
            answer(
                exchange,
                found.data().size(),
                () ->
                    Pages.json(
                        found.data().stream().map(ConversationJson::of).toList(),
                        found.hasMore())));
  }

  private void retrieve(Exchange exchange) {
    withItems(
        exchange,
        (conversation, items) ->
            ConversationJson.of(conversation).set("messages", ConversationJson.messages(items)));
  }

  private void export(Exchange exchange) {
    exchange
        .response()
        .putHeader("content-disposition", "attachment; filename=\"conversation.json\"");
    withItems(
        exchange,
        (conversation, items) -> {
          ObjectNode json = JsonMapper.shared().createObjectNode();
          json.put("object", "conversation.export");
          json.put("exported_at", System.currentTimeMillis() / 1000);
          json.set("conversation", ConversationJson.of(conversation));
          json.putArray("items").addAll(items);
          return json;
        });
  }

  private interface Rendering {
    ObjectNode of(Conversation conversation, List<ObjectNode> items);
  }

  private void withItems(Exchange exchange, Rendering rendering) {
    String tenant = tenant(exchange);
    exchange.settling(
        store.conversations().find(tenant, id(exchange)),
        conversation ->
            exchange.settling(
                reads.reading(
                    exchange,
                    ReadBudget.CONVERSATION,
                    () ->
                        store
                            .conversations()
                            .items(tenant, id(exchange))
                            .compose(items -> rendered(() -> rendering.of(conversation, items)))),
                json -> exchange.json(200, json)));
  }

  private void update(Exchange exchange, byte[] body) {
    reader.read(
        exchange,
        body,
        ConversationHandlers::metadata,
        metadata ->
            exchange.settling(
                store.conversations().describe(tenant(exchange), id(exchange), metadata),
                conversation ->
                    exchange.json(200, ConversationJson.bytes(ConversationJson.of(conversation)))));
  }

  private void delete(Exchange exchange) {
    Deleted.answer(
        exchange,
        store.conversations().delete(tenant(exchange), id(exchange)),
        id(exchange),
        "conversation.deleted");
  }

  private void createItems(Exchange exchange, byte[] body) {
    reader.read(
        exchange,
        body,
        json -> items(json, id(exchange)),
        items ->
            repeats.begin(
                exchange,
                body,
                claim ->
                    exchange.settling(
                        store.conversations().beginUnseen(tenant(exchange), id(exchange)),
                        turn -> append(exchange, turn, items, claim))));
  }

  private void append(Exchange exchange, Turn turn, List<ObjectNode> items, Claim claim) {
    if (exchange.settled()) {
      turn.release();
      return;
    }
    byte[] answer = ConversationJson.bytes(Pages.json(items, false));
    Commit commit = store.commit(tenant(exchange)).append(turn, items);
    claim.keep(commit, () -> IdempotentRequests.json(answer));
    exchange.settling(commit.run(), done -> exchange.json(200, answer));
  }

  private void listItems(Exchange exchange) {
    PageRequest page = Pages.read(exchange, false);
    exchange.settling(
        reads.reading(
            exchange,
            ReadBudget.CONVERSATION,
            () ->
                store
                    .conversations()
                    .items(tenant(exchange), id(exchange), page)
                    .compose(found -> rendered(() -> Pages.json(found.data(), found.hasMore())))),
        json -> exchange.json(200, json));
  }

  private void item(Exchange exchange) {
    exchange.settling(
        reads.reading(
            exchange,
            ReadBudget.CONVERSATION,
            () ->
                store
                    .conversations()
                    .item(tenant(exchange), id(exchange), exchange.parameter("item_id"))
                    .compose(item -> rendered(() -> item))),
        json -> exchange.json(200, json));
  }

  private void deleteItem(Exchange exchange) {
    Future<Conversation> without =
        store
            .conversations()
            .deleteItem(tenant(exchange), id(exchange), exchange.parameter("item_id"));
    exchange.settling(
        without,
        conversation ->
            exchange.json(200, ConversationJson.bytes(ConversationJson.of(conversation))));
  }

  /** A copy to which more can be added. */
  static List<ObjectNode> joined(List<ObjectNode> first, List<ObjectNode> then) {
    List<ObjectNode> all = new ArrayList<>(first);
    all.addAll(then);
    return all;
  }
}
