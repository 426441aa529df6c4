package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Shown;
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

  private static final String PREVIOUS = "previous_response_id";

  private final ResponseArchive archive;
  private final long mostWeight;

  ContextReader(ResponseArchive archive) {
    this(archive, ContextBudget.MOST);
  }

  ContextReader(ResponseArchive archive, long mostWeight) {
    this.archive = archive;
    this.mostWeight = mostWeight;
  }

  /**
   * What a prompt is made of.
   *
   * @param earlier what stands before the input
   * @param input the request's own, without references
   * @param weight of all of them, see {@link ContextBudget}
   */
  record Context(Earlier earlier, List<ObjectNode> input, long weight) {
    List<JsonNode> items() {
      List<JsonNode> items = new ArrayList<>(earlier.items());
      items.addAll(input);
      return items;
    }
  }

  /**
   * Items of earlier turns.
   *
   * @param conversation those that a conversation has, which goes on and may lose them; empty when
   *     they are of none
   * @param chain those of responses, which stay as they are; they come after the others
   */
  record Earlier(Optional<List<JsonNode>> conversation, List<JsonNode> chain) {
    List<JsonNode> items() {
      List<JsonNode> items = new ArrayList<>(conversation.orElse(List.of()));
      items.addAll(chain);
      return items;
    }
  }

  /**
   * The context of a call.
   *
   * @param history the conversation's items, when it is a turn of one
   */
  Future<Context> read(String tenant, ResponseCall call, List<? extends JsonNode> history) {
    return read(tenant, call, history, Optional.empty());
  }

  /**
   * The same of a call that may have been read before.
   *
   * @param seen what was read then, to be read again
   */
  Future<Context> read(
      String tenant,
      ResponseCall call,
      List<? extends JsonNode> history,
      Optional<SeenHistory> seen) {
    ContextBudget budget = new ContextBudget(mostWeight);
    return earlier(tenant, call, history, seen, budget)
        .compose(
            earlier ->
                new References(archive, tenant, call, earlier.items(), budget)
                    .resolved()
                    .map(input -> checked(new Context(earlier, input, budget.weight()))));
  }

  private Future<Earlier> earlier(
      String tenant,
      ResponseCall call,
      List<? extends JsonNode> history,
      Optional<SeenHistory> seen,
      ContextBudget budget) {
    if (call.previous().isPresent()) {
      return back(tenant, call.previous(), new ArrayList<>(), seen, budget);
    }
    if (call.conversation().isEmpty()) {
      return Future.succeededFuture(new Earlier(Optional.empty(), List.of()));
    }
    try {
      List<JsonNode> read = asSeen(history, seen);
      budget.add(read, "conversation");
      return Future.succeededFuture(new Earlier(Optional.of(read), List.of()));
    } catch (ApiException e) {
      return Future.failedFuture(e);
    }
  }

  private static List<JsonNode> asSeen(List<? extends JsonNode> items, Optional<SeenHistory> seen) {
    return seen.isPresent() ? seen.get().again(items) : List.copyOf(items);
  }

  /** Documents from the newest to the oldest; then their items the other way round. */
  private Future<Earlier> back(
      String tenant,
      Optional<String> previous,
      List<ResponseDocument> newer,
      Optional<SeenHistory> seen,
      ContextBudget budget) {
    if (previous.isEmpty() || newer.size() >= LONGEST_CHAIN) {
      List<JsonNode> chain = new ArrayList<>();
      newer.reversed().forEach(document -> chain.addAll(document.items()));
      ResponseDocument oldest = newer.getLast();
      if (oldest.conversation().isEmpty()) {
        return Future.succeededFuture(new Earlier(Optional.empty(), chain));
      }
      return earlierTurns(tenant, oldest.conversation().get(), oldest)
          .map(
              items -> {
                List<JsonNode> read = asSeen(items, seen);
                budget.add(read, PREVIOUS);
                return new Earlier(Optional.of(read), chain);
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
              budget.add(document.items(), PREVIOUS);
              newer.add(document);
              return back(tenant, document.previous(), newer, seen, budget);
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

  static boolean isMissing(Throwable why) {
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
            Optional.of(PREVIOUS),
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
            Optional.of(PREVIOUS),
            "Previous response with id '" + Shown.of(id) + "' has not ended yet."));
  }
}
