package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.responses.ResponseWriter;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.operations.Pages;
import dev.bitfleet.gateway.store.PageRequest;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Responses that are there already: read, followed, called off, deleted. Event loop only. */
final class StoredResponses {
  private final ResponseRuns runs;
  private final HttpLimits limits;

  StoredResponses(ResponseRuns runs, HttpLimits limits) {
    this.runs = runs;
    this.limits = limits;
  }

  private static Owner owner(Exchange exchange) {
    return Owner.of(exchange.caller(), exchange.parameter("response_id"));
  }

  /** {@code GET /v1/responses/{id}}. */
  void retrieve(Exchange exchange) {
    Owner owner = owner(exchange);
    if (flag(exchange, "stream")) {
      follow(exchange, owner, startingAfter(exchange) + 1);
      return;
    }
    Optional<ResponseRun> running = runs.find(owner);
    if (running.isPresent()) {
      exchange.json(200, bytes(running.get().state().json()));
    } else {
      runs.archive()
          .find(owner)
          .onComplete(document -> exchange.json(200, document.responseBytes()), exchange::fail);
    }
  }

  private void follow(Exchange exchange, Owner owner, int from) {
    Optional<ResponseRun> running = runs.find(owner).filter(run -> run.events() != null);
    if (running.isPresent()) {
      ResponseRun run = running.get();
      LiveEvents events = run.events();
      if (events != null) {
        run.readerCame();
        LiveReader.attach(exchange, limits, events, from, run::readerLeft);
      }
      return;
    }
    runs.archive()
        .find(owner)
        .onComplete(
            document -> {
              if (!exchange.settled()) {
                readLog(exchange, owner, document, from);
              }
            },
            exchange::fail);
  }

  private void readLog(Exchange exchange, Owner owner, ResponseDocument document, int from) {
    StoredReader reader = new StoredReader(exchange, limits);
    runs.archive()
        .follow(owner, from, reader)
        .onComplete(
            reader::fedBy,
            why -> {
              if (isMissing(why) && !document.running()) {
                replay(exchange, document, from);
              } else {
                exchange.fail(why);
              }
            });
  }

  private void replay(Exchange exchange, ResponseDocument document, int from) {
    if (exchange.settled()) {
      return;
    }
    LiveEvents events = new LiveEvents();
    ResponseWriter.replay((ObjectNode) document.response()).forEach(events::append);
    events.end();
    LiveReader.attach(exchange, limits, events, from, () -> {});
  }

  private static boolean isMissing(Throwable why) {
    return why instanceof ApiException refusal && refusal.error().status() == 404;
  }

  /** {@code DELETE /v1/responses/{id}}. */
  void delete(Exchange exchange) {
    Owner owner = owner(exchange);
    Optional<ResponseRun> running = runs.find(owner);
    Future<Void> gone =
        running.isPresent() ? deleteRunning(owner, running.get()) : runs.archive().delete(owner);
    gone.onComplete(
        done -> {
          ObjectNode answer = JsonMapper.shared().createObjectNode();
          answer.put("id", owner.id());
          answer.put("object", "response");
          answer.put("deleted", true);
          exchange.json(200, bytes(answer));
        },
        exchange::fail);
  }

  /** Nothing of it is kept when this is done, whatever was under way. */
  private Future<Void> deleteRunning(Owner owner, ResponseRun run) {
    if (run.call().mode().background()) {
      // What is deleted cannot be kept any more; what could not be deleted goes on.
      return runs.archive().delete(owner).onSuccess(done -> run.deleted());
    }
    if (!run.keeping()) {
      run.drop();
      return Future.succeededFuture();
    }
    return run.end()
        .compose(ended -> runs.archive().delete(owner))
        .recover(
            why ->
                ResponseArchive.isGone(why) ? Future.succeededFuture() : Future.failedFuture(why));
  }

  /** {@code POST /v1/responses/{id}/cancel}. */
  void cancel(Exchange exchange) {
    Owner owner = owner(exchange);
    Optional<ResponseRun> running = runs.find(owner);
    if (running.isEmpty()) {
      runs.archive()
          .find(owner)
          .onComplete(
              document -> {
                if (!document.background()) {
                  exchange.error(NOT_BACKGROUND);
                } else if (document.running()) {
                  cancelWaiting(exchange, owner, document.cancelled());
                } else {
                  exchange.json(200, document.responseBytes());
                }
              },
              exchange::fail);
      return;
    }
    ResponseRun run = running.get();
    if (!run.call().mode().background()) {
      exchange.error(NOT_BACKGROUND);
    } else {
      cancel(exchange, run);
    }
  }

  private static void cancel(Exchange exchange, ResponseRun run) {
    run.cancel();
    run.end()
        .onComplete(
            ended ->
                run.unkept()
                    .ifPresentOrElse(
                        exchange::error, () -> exchange.json(200, bytes(run.state().json()))),
            exchange::fail);
  }

  /** One that an earlier life of the server left, and this one has not taken up yet. */
  private void cancelWaiting(Exchange exchange, Owner owner, ResponseDocument cancelled) {
    runs.archive()
        .settle(owner, cancelled)
        .onComplete(
            done ->
                runs.find(owner)
                    .ifPresentOrElse(
                        takenUp -> cancel(exchange, takenUp),
                        () -> exchange.json(200, cancelled.responseBytes())),
            exchange::fail);
  }

  private static final ApiError NOT_BACKGROUND =
      ApiError.invalid(
          400,
          "not_a_background_response",
          Optional.empty(),
          "Cannot cancel a synchronous response.");

  /** {@code GET /v1/responses/{id}/input_items}. */
  void inputItems(Exchange exchange) {
    PageRequest page = Pages.read(exchange, false);
    runs.archive()
        .find(owner(exchange))
        .map(document -> bytes(pageOf(document.input(), page)))
        .onComplete(answer -> exchange.json(200, answer), exchange::fail);
  }

  private static ObjectNode pageOf(List<JsonNode> items, PageRequest page) {
    List<JsonNode> ordered = new ArrayList<>(page.ascending() ? items : items.reversed());
    int from = 0;
    if (page.after().isPresent()) {
      String after = page.after().get();
      while (from < ordered.size() && !Items.idOf(ordered.get(from)).equals(after)) {
        from++;
      }
      if (from == ordered.size()) {
        throw new ApiException(
            ApiError.invalidParameter("after", "Invalid 'after': there is no such item."));
      }
      from++;
    }
    List<JsonNode> data = ordered.subList(from, Math.min(ordered.size(), from + page.limit()));
    ObjectNode answer = JsonMapper.shared().createObjectNode();
    answer.put("object", "list");
    answer.putArray("data").addAll(data);
    answer.put("first_id", data.isEmpty() ? null : Items.idOf(data.getFirst()));
    answer.put("last_id", data.isEmpty() ? null : Items.idOf(data.getLast()));
    answer.put("has_more", from + data.size() < ordered.size());
    return answer;
  }

  private static byte[] bytes(JsonNode json) {
    return JsonMapper.shared().writeValueAsBytes(json);
  }

  private static boolean flag(Exchange exchange, String name) {
    String value = exchange.query(name).orElse("false");
    return switch (value) {
      case "true" -> true;
      case "false", "" -> false;
      default ->
          throw new ApiException(
              ApiError.invalidParameter(
                  name, "Invalid '" + name + "': expected 'true' or 'false'."));
    };
  }

  /** -1 when all events are wanted. */
  private static int startingAfter(Exchange exchange) {
    String value = exchange.query("starting_after").orElse("");
    if (value.isEmpty()) {
      return -1;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= 0 && number < Integer.MAX_VALUE) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new ApiException(
        ApiError.invalidParameter(
            "starting_after", "Invalid 'starting_after': expected a whole number of at least 0."));
  }
}
