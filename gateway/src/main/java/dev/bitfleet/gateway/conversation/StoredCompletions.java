package dev.bitfleet.gateway.conversation;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.http.RequestIds;
import dev.bitfleet.gateway.operations.Claim;
import dev.bitfleet.gateway.operations.CompletionRunner;
import dev.bitfleet.gateway.operations.Deleted;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.Keeping;
import dev.bitfleet.gateway.operations.Pages;
import dev.bitfleet.gateway.operations.Rendered;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.store.Commit;
import dev.bitfleet.gateway.store.Document;
import dev.bitfleet.gateway.store.Page;
import dev.bitfleet.gateway.store.PageRequest;
import dev.bitfleet.gateway.store.Store;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Chat completions, kept when they ask for it ({@code store}), and what can be done with those. A
 * kept one is a JSON document: the answer, some of what was asked, and the messages. Event loop
 * only.
 */
public final class StoredCompletions {
  /** What metadata can have: a filter beyond finds nothing. */
  private static final int MAX_KEY = 64;

  private static final int MAX_VALUE = 512;

  private static final String ID_PREFIX = "chatcmpl-";
  private static final String MESSAGES = "messages";

  private final Store store;
  private final ReadBudget reads;
  private final RequestReader reader;
  private final IdempotentRequests repeats;

  public StoredCompletions(
      Store store, ReadBudget reads, RequestReader reader, IdempotentRequests repeats) {
    this.reads = reads;
    this.store = store;
    this.reader = reader;
    this.repeats = repeats;
  }

  /** Adds what this can do with completions that are kept. */
  public void addTo(Map<Operation, Handler> handlers) {
    handlers.put(Operation.LIST_CHAT_COMPLETIONS, (exchange, body) -> list(exchange));
    handlers.put(Operation.RETRIEVE_CHAT_COMPLETION, (exchange, body) -> retrieve(exchange));
    handlers.put(Operation.UPDATE_CHAT_COMPLETION, this::update);
    handlers.put(Operation.DELETE_CHAT_COMPLETION, (exchange, body) -> delete(exchange));
    handlers.put(Operation.LIST_CHAT_COMPLETION_MESSAGES, (exchange, body) -> messages(exchange));
  }

  /** Chat completions, of which those that ask for it are kept. */
  public Handler creating(Dialect dialect, CompletionRunner runner) {
    record Wish(Call call, Optional<CompletionWish> storing) {}
    return (exchange, body) ->
        reader.read(
            exchange,
            body,
            json -> new Wish(dialect.read(json), CompletionWish.of(json)),
            wish -> {
              long created = System.currentTimeMillis() / 1000;
              if (wish.storing().isEmpty()) {
                repeats.beginPassing(
                    exchange,
                    body,
                    claim ->
                        runner.run(
                            exchange,
                            wish.call(),
                            new AnswerStamp(RequestIds.random(), created),
                            claim.remembering(wish.call())));
                return;
              }
              exchange.caller().requireConversations("store");
              // Whoever guesses this id could ask for what it names.
              AnswerStamp stamp = new AnswerStamp(ItemIds.randomDigits(), created);
              repeats.begin(
                  exchange,
                  body,
                  claim ->
                      runner.run(
                          exchange,
                          wish.call(),
                          stamp,
                          new Kept(exchange, wish.call(), wish.storing().get(), claim)));
            });
  }

  private final class Kept implements Keeping {
    private final String tenant;
    private final Call call;
    private final CompletionWish wish;
    private final Claim claim;

    Kept(Exchange exchange, Call call, CompletionWish wish, Claim claim) {
      this.tenant = exchange.caller().tenant();
      this.call = call;
      this.wish = wish;
      this.claim = claim;
    }

    @Override
    public Future<Void> keep(AnswerStamp stamp, List<ChoiceAnswer> choices) {
      Commit commit = store.commit(tenant);
      put(commit, stamp, Rendered.whole(call, stamp, choices), wish);
      claim.keep(commit, () -> Rendered.answer(call, stamp, choices));
      return commit.run();
    }

    @Override
    public void dropped() {
      // Nothing was taken that has to be given back.
    }
  }

  /** Adds a completion to what is being committed. */
  void put(Commit commit, AnswerStamp stamp, byte[] answer, CompletionWish wish) {
    commit.put(store.completions(), ID_PREFIX + stamp.id(), () -> document(answer, wish));
  }

  private static byte[] document(byte[] answer, CompletionWish wish) {
    ObjectNode document = (ObjectNode) JsonMapper.shared().readTree(answer);
    document.setAll(wish.asked());
    document.set(MESSAGES, wish.messages());
    return ConversationJson.bytes(document);
  }

  private static String tenant(Exchange exchange) {
    return exchange.caller().tenant();
  }

  private static String id(Exchange exchange) {
    return exchange.parameter("completion_id");
  }

  private static ObjectNode parsed(Document document) {
    return (ObjectNode) JsonMapper.shared().readTree(document.body());
  }

  private static ObjectNode shown(ObjectNode document) {
    return document.without(MESSAGES);
  }

  private static byte[] shownBytes(Document document) {
    return ConversationJson.bytes(shown(parsed(document)));
  }

  private void list(Exchange exchange) {
    PageRequest page = Pages.read(exchange, true);
    Optional<String> model = exchange.query("model");
    Map<String, String> metadata = metadataFilter(exchange);
    exchange.settling(
        reads.reading(
            exchange,
            ReadBudget.CONVERSATION,
            () ->
                store
                    .completions()
                    .list(
                        tenant(exchange),
                        page,
                        document -> shown(parsed(document)),
                        json -> fits(json, model, metadata),
                        found ->
                            ConversationJson.bytes(Pages.json(found.data(), found.hasMore())))),
        json -> exchange.json(200, json));
  }

  /** {@code metadata[key]=value}, any number of them. */
  private static Map<String, String> metadataFilter(Exchange exchange) {
    Map<String, String> filter = new HashMap<>();
    for (Map.Entry<String, String> parameter : exchange.request().params()) {
      String name = parameter.getKey();
      if (!name.equals("metadata") && !name.startsWith("metadata[")) {
        continue;
      }
      int end = name.length() - 1;
      String key =
          end > "metadata[".length() && name.endsWith("]")
              ? name.substring("metadata[".length(), end)
              : "";
      if (key.isEmpty() || key.length() > MAX_KEY) {
        throw filterRefused(
            "metadata", "expected metadata[key]=value, the key of 1 to " + MAX_KEY + " characters");
      }
      if (parameter.getValue().length() > MAX_VALUE) {
        throw filterRefused(name, "expected at most " + MAX_VALUE + " characters");
      }
      filter.put(key, parameter.getValue());
    }
    return filter;
  }

  private static ApiException filterRefused(String name, String expectation) {
    return new ApiException(
        ApiError.invalidParameter(name, "Invalid '" + name + "': " + expectation + "."));
  }

  private static boolean fits(
      JsonNode completion, Optional<String> model, Map<String, String> metadata) {
    if (model.isPresent() && !completion.path("model").stringValue("").equals(model.get())) {
      return false;
    }
    return metadata.entrySet().stream()
        .allMatch(
            wanted ->
                completion
                    .path("metadata")
                    .path(wanted.getKey())
                    .stringValue("")
                    .equals(wanted.getValue()));
  }

  private void retrieve(Exchange exchange) {
    exchange.settling(
        reads.reading(
            exchange,
            ReadBudget.DOCUMENT,
            () ->
                store
                    .completions()
                    .read(tenant(exchange), id(exchange), StoredCompletions::shownBytes)),
        json -> exchange.json(200, json));
  }

  private void update(Exchange exchange, byte[] body) {
    reader.read(
        exchange,
        body,
        json -> json.path("metadata"),
        metadata ->
            exchange.settling(
                store
                    .completions()
                    .update(
                        tenant(exchange),
                        id(exchange),
                        kept -> {
                          ObjectNode json = (ObjectNode) JsonMapper.shared().readTree(kept);
                          if (metadata.isObject()) {
                            json.set("metadata", metadata);
                          } else {
                            json.putObject("metadata");
                          }
                          return ConversationJson.bytes(json);
                        },
                        StoredCompletions::shownBytes),
                json -> exchange.json(200, json)));
  }

  private void delete(Exchange exchange) {
    Deleted.answer(
        exchange,
        store.completions().delete(tenant(exchange), id(exchange)),
        id(exchange),
        "chat.completion.deleted");
  }

  private void messages(Exchange exchange) {
    PageRequest page = Pages.read(exchange, true);
    exchange.settling(
        reads.reading(
            exchange,
            ReadBudget.DOCUMENT,
            () ->
                store
                    .completions()
                    .read(
                        tenant(exchange),
                        id(exchange),
                        document -> ConversationJson.bytes(messages(document, page)))),
        json -> exchange.json(200, json));
  }

  /** A message's id is its completion's and its number. */
  private static ObjectNode messages(Document document, PageRequest page) {
    List<ObjectNode> messages = new ArrayList<>();
    for (JsonNode message : parsed(document).path(MESSAGES)) {
      ObjectNode json = JsonMapper.shared().createObjectNode();
      json.put("id", document.id() + "-" + messages.size());
      json.setAll((ObjectNode) message);
      JsonNode content = json.path("content");
      json.set("content_parts", content.isArray() ? content : json.nullNode());
      if (content.isArray() || content.isMissingNode()) {
        json.putNull("content");
      }
      if (!json.has("refusal")) {
        json.putNull("refusal");
      }
      messages.add(json);
    }
    Page<ObjectNode> part = page.of(messages, json -> json.path("id").stringValue(""));
    return Pages.json(part.data(), part.hasMore());
  }
}
