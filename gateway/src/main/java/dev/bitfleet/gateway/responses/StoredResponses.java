package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.responses.ResponseWriter;
import dev.bitfleet.gateway.dispatch.ResponseNotices;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.operations.Deleted;
import dev.bitfleet.gateway.operations.Pages;
import dev.bitfleet.gateway.store.Page;
import dev.bitfleet.gateway.store.PageRequest;
import dev.bitfleet.gateway.store.Right;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Responses that are there already: read, followed, called off, deleted. Event loop only. */
final class StoredResponses {
  private static final long SHORTEST_PAUSE_MILLIS = 50;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  /** How long the node that runs a response has to call it off. */
  private static final Duration CALL_OFF_PATIENCE = Duration.ofSeconds(10);

  private static final ApiError NOT_CALLED_OFF =
      ApiError.server(
          503,
          "response_not_cancelled",
          "The node that runs this response has not called it off yet. Please try again later.",
          Duration.ofSeconds(5));

  private static final ApiError NOT_TAKEN_UP =
      ApiError.server(
          503,
          "response_not_taken_up",
          "The server was interrupted and has not taken this response up again yet. Please try"
              + " again later.",
          Duration.ofSeconds(5));

  private final ResponseRuns runs;
  private final HttpLimits limits;
  private final ResponseNotices callOffs;
  private final ResponseNotices readings;

  StoredResponses(
      ResponseRuns runs, HttpLimits limits, ResponseNotices callOffs, ResponseNotices readings) {
    this.runs = runs;
    this.limits = limits;
    this.callOffs = callOffs;
    this.readings = readings;
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
    if (running.isPresent() && running.get().keeping()) {
      // How it ends is told when it is so.
      running.get().end().onComplete(ended -> retrieve(exchange));
    } else if (running.isPresent()) {
      exchange.json(200, bytes(running.get().state().json()));
    } else {
      exchange.settling(
          runs.reads()
              .reading(
                  exchange,
                  ReadBudget.DOCUMENT,
                  () -> runs.archive().read(owner, ResponseDocument::responseBytes)),
          bytes -> exchange.json(200, bytes));
    }
  }

  /**
   * Gives the events of a response from that number on, and what comes. One that an earlier life of
   * the server left, and none has taken up yet, has no events: its reader is held for as long as a
   * client goes without hearing from us anyway, and told to come again after that.
   */
  void follow(Exchange exchange, Owner owner, int from) {
    long patientUntilNanos = System.nanoTime() + limits.pingInterval().toNanos();
    follow(exchange, owner, from, new Patience(patientUntilNanos, SHORTEST_PAUSE_MILLIS));
  }

  /** How long a reader is held for events, and when it is looked for them next. */
  private record Patience(long untilNanos, long pauseMillis) {
    boolean over() {
      return System.nanoTime() - untilNanos > 0;
    }

    Patience longer() {
      return new Patience(untilNanos, Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS));
    }
  }

  private void follow(Exchange exchange, Owner owner, int from, Patience patience) {
    Optional<ResponseRun> running = runs.find(owner).filter(run -> run.events() != null);
    if (running.isPresent()) {
      ResponseRun run = running.get();
      LiveEvents events = run.events();
      if (events != null) {
        run.readers().came();
        LiveReader.attach(exchange, limits, events, from, run.readers()::left);
      }
      return;
    }
    exchange.settling(
        runs.archive().read(owner, ResponseDocument::running),
        goesOn -> {
          if (!exchange.settled()) {
            readLog(exchange, owner, goesOn, from, patience);
          }
        });
  }

  private void readLog(
      Exchange exchange, Owner owner, boolean goesOn, int from, Patience patience) {
    StoredReader reader = new StoredReader(exchange, limits, from);
    exchange.settling(
        runs.archive().follow(owner, from, reader),
        feeding -> {
          reader.fedBy(feeding);
          if (goesOn) {
            sayRead(exchange, owner);
          }
        },
        why -> {
          if (isMissing(why) && !goesOn) {
            replay(exchange, owner, from);
          } else if (isMissing(why)
              && runs.find(owner).filter(run -> run.events() == null).isEmpty()) {
            awaitEvents(exchange, owner, from, patience);
          } else {
            exchange.fail(why);
          }
        });
  }

  /** Whoever runs it would call it off after a while, seeing no reader of its own. */
  private void sayRead(Exchange exchange, Owner owner) {
    readings.tell(owner.tenant(), owner.id());
    if (!exchange.settled()) {
      runs.withinGrace(() -> sayRead(exchange, owner));
    }
  }

  private void awaitEvents(Exchange exchange, Owner owner, int from, Patience patience) {
    if (patience.over()) {
      exchange.error(NOT_TAKEN_UP);
      return;
    }
    runs.later(
        patience.pauseMillis(),
        () -> {
          if (!exchange.settled()) {
            follow(exchange, owner, from, patience.longer());
          }
        });
  }

  /** Of a response without a log: what its events would have been. */
  private void replay(Exchange exchange, Owner owner, int from) {
    exchange.settling(
        runs.reads()
            .reading(
                exchange,
                ReadBudget.DOCUMENT,
                () ->
                    runs.archive()
                        .read(
                            owner,
                            document -> ResponseWriter.replay((ObjectNode) document.response())),
                made -> made.stream().mapToLong(event -> event.length).sum()),
        made -> {
          if (!exchange.settled()) {
            LiveEvents events = new LiveEvents(runs.live());
            made.forEach(events::append);
            events.end();
            LiveReader.attach(exchange, limits, events, from, () -> {});
          }
        });
  }

  private static boolean isMissing(Throwable why) {
    return why instanceof ApiException refusal && refusal.error().status() == 404;
  }

  /** {@code DELETE /v1/responses/{id}}. */
  void delete(Exchange exchange) {
    Owner owner = owner(exchange);
    Optional<ResponseRun> running = runs.find(owner);
    Future<Void> gone =
        running.isPresent() ? deleteRunning(owner, running.get()) : deleteElsewhere(owner);
    Deleted.answer(exchange, gone, owner.id(), "response");
  }

  /** Another node may run it: for nothing, from now on. */
  private Future<Void> deleteElsewhere(Owner owner) {
    return runs.archive()
        .delete(owner)
        .onSuccess(done -> callOffs.tell(owner.tenant(), owner.id()));
  }

  /** Nothing of it is kept when this is done, whatever was under way. */
  private Future<Void> deleteRunning(Owner owner, ResponseRun run) {
    if (run.promise().given()) {
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
    cancel(
        exchange,
        owner(exchange),
        new Patience(System.nanoTime() + CALL_OFF_PATIENCE.toNanos(), SHORTEST_PAUSE_MILLIS));
  }

  private void cancel(Exchange exchange, Owner owner, Patience patience) {
    Optional<ResponseRun> running = runs.find(owner);
    if (running.isEmpty()) {
      cancelStored(exchange, owner, patience);
    } else if (!running.get().call().mode().background()) {
      exchange.error(NOT_BACKGROUND);
    } else {
      cancel(exchange, running.get());
    }
  }

  private static void cancel(Exchange exchange, ResponseRun run) {
    run.cancel();
    exchange.settling(
        run.end(),
        ended ->
            run.unkept()
                .ifPresentOrElse(
                    exchange::error, () -> exchange.json(200, bytes(run.state().json()))));
  }

  private void cancelStored(Exchange exchange, Owner owner, Patience patience) {
    record Stored(ResponseDocument document, byte[] json) {}
    exchange.settling(
        runs.archive().read(owner, found -> new Stored(found, found.responseBytes())),
        stored -> {
          if (!stored.document().background()) {
            exchange.error(NOT_BACKGROUND);
          } else if (!stored.document().running()) {
            exchange.json(200, stored.json());
          } else if (patience.over()) {
            exchange.error(NOT_CALLED_OFF);
          } else if (!exchange.settled()) {
            cancelElsewhere(exchange, owner, stored.document().cancelled(), patience);
          }
        });
  }

  /** Whoever runs it calls it off, or whoever may: this node, where nobody runs it. */
  private void cancelElsewhere(
      Exchange exchange, Owner owner, ResponseDocument cancelled, Patience patience) {
    exchange.settling(
        runs.archive().claim(owner),
        claimed -> {
          if (claimed.isPresent()) {
            Right right = claimed.get();
            exchange.settling(
                runs.archive().settle(owner, cancelled).onComplete(done -> right.release()),
                done -> cancel(exchange, owner, patience));
            return;
          }
          callOffs.tell(owner.tenant(), owner.id());
          runs.later(
              patience.pauseMillis(),
              () -> {
                if (!exchange.settled()) {
                  cancel(exchange, owner, patience.longer());
                }
              });
        });
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
    exchange.settling(
        runs.reads()
            .reading(
                exchange,
                ReadBudget.DOCUMENT,
                () ->
                    runs.archive()
                        .read(owner(exchange), document -> bytes(pageOf(document.input(), page)))),
        answer -> exchange.json(200, answer));
  }

  private static ObjectNode pageOf(List<JsonNode> items, PageRequest page) {
    Page<JsonNode> part = page.of(items, Items::idOf);
    return Pages.json(part.data(), part.hasMore());
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
    return Pages.number("starting_after", value, 0, Integer.MAX_VALUE - 1);
  }
}
