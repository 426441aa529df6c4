package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.FailedCompletion;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dialect.responses.ResponseState;
import dev.bitfleet.gateway.dialect.responses.ResponseStatus;
import dev.bitfleet.gateway.dialect.responses.ResponseWriter;
import dev.bitfleet.gateway.dispatch.RunningCompletion;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.store.EventLog;
import dev.bitfleet.gateway.store.Turn;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A response on its way, from its context to its end. Event loop only.
 *
 * <p>What goes wrong before a worker has it is the client's error and leaves nothing behind, except
 * of a response that was promised, which fails as itself. After that a stream ends with {@code
 * response.failed}. Whatever its end, it is kept before it is told.
 */
final class ResponseRun {
  private static final Logger log = LoggerFactory.getLogger(ResponseRun.class);

  /** Told to readers of a response that ends without an end of its own. */
  static final ApiError GONE =
      ApiError.server(503, "response_gone", "The response was deleted, or the server is stopping.");

  /** Told to readers of a response that another node has ended, which had thought this one dead. */
  private static final ApiError ENDED_ELSEWHERE =
      ApiError.server(
          503,
          "response_ended_elsewhere",
          "Another node went on with this response and has ended it. Ask for its events again.");

  /** Bytes of events: more than those of any context there is. */
  private static final long MOST_BYTES = 64L << 20;

  /** Of what can be kept, the rest is for how large its output may turn out to be. */
  private static final double OUTPUT_SHARE = 0.75;

  private static final ApiError TOO_LONG =
      ApiError.server(
          500,
          "response_too_long",
          "The response has become larger than can be held. Ask for fewer top_logprobs, or for fewer"
              + " max_output_tokens.");

  private static final ApiError CROWDED =
      ApiError.server(
          503,
          "responses_too_large",
          "All responses that are being streamed have become larger together than can be held.",
          Duration.ofSeconds(5));

  private enum Phase {
    NEW,
    PREPARING,
    GENERATING,
    KEEPING,
    ENDED
  }

  private final ResponseRuns runs;
  private final Owner owner;
  private final long scope;
  private final ResponseCall call;
  private final RunClient client;
  private final RunPromise promise;
  private final Readership readers;
  private final ResponseState state;
  private final ResponseWriter writer;
  private final @Nullable LiveEvents events;
  private final @Nullable EventLog kept;
  private final ResponseSize size;
  private final Promise<Void> end = Promise.promise();
  private Phase phase = Phase.NEW;
  private boolean opened;
  private boolean finishing;

  /** Whether a context is being read; that takes its room even when nobody wants it any more. */
  private boolean preparing;

  /** Its last events, while they are being written beside the event loop. */
  private @Nullable List<byte[]> aside;

  private boolean keptWhole = true;
  private @Nullable ApiError unkept;
  private List<ObjectNode> input;
  private @Nullable Turn turn;
  private ReadBudget.@Nullable Room room;
  private @Nullable RunningCompletion completion;

  /**
   * @param work what was promised; what was not may be {@linkplain #promised later}
   */
  ResponseRun(
      ResponseRuns runs,
      Owner owner,
      long scope,
      ResponseCall call,
      RunClient client,
      Optional<PromisedWork> work) {
    this.runs = runs;
    this.owner = owner;
    this.scope = scope;
    this.call = call;
    this.client = client;
    this.promise = new RunPromise(runs.archive(), owner, work);
    this.readers = new Readership(runs, call, this::drop, this::cancel);
    this.input = call.input();
    this.state = new ResponseState(call, runs.servedModel(call));
    boolean recorded = call.mode() != ResponseCall.Mode.WHOLE;
    this.events = recorded ? new LiveEvents(runs.live()) : null;
    this.size = new ResponseSize(call.topLogprobs().isPresent(), mostOutput());
    this.kept = recorded && call.store() ? runs.archive().log(owner) : null;
    this.writer = new ResponseWriter(state, recorded ? this::record : event -> {});
    if (call.mode().background()) {
      writer.created();
    }
  }

  /** What cannot be kept at the end is not gone on with until then. */
  private long mostOutput() {
    if (!call.store()) {
      return ResponseSize.MOST;
    }
    long kept = (long) (OUTPUT_SHARE * runs.archive().mostBytes());
    for (ObjectNode item : call.input()) {
      kept -= ContextBudget.weightOf(item);
    }
    return Math.min(ResponseSize.MOST, kept);
  }

  Owner owner() {
    return owner;
  }

  ResponseState state() {
    return state;
  }

  ResponseCall call() {
    return call;
  }

  RunClient client() {
    return client;
  }

  /** What the request brought along, references resolved once it goes on. */
  List<ObjectNode> input() {
    return input;
  }

  RunPromise promise() {
    return promise;
  }

  /** Who reads its events. */
  Readership readers() {
    return readers;
  }

  /** It is being promised; its end is kept after that. If that fails, it comes to nothing. */
  void promised(Future<Void> keeping) {
    promise.give(keeping);
    keeping.onFailure(
        why -> {
          if (phase != Phase.ENDED) {
            stopCompletion();
            releaseTurn();
            forget();
            client.refused(why);
          }
        });
  }

  /** Its events, unless it is one that is answered whole. */
  @Nullable LiveEvents events() {
    return events;
  }

  /** Whether something is kept of it: itself, or a turn of its conversation. */
  boolean keeps() {
    return call.store() || call.conversation().isPresent();
  }

  /** Whether it can be taken part in: it goes on, or it has been answered. */
  boolean open() {
    return phase != Phase.KEEPING && phase != Phase.ENDED || finishing || answered();
  }

  /** Whether it has said all that it was to say. */
  boolean answered() {
    return state.status() == ResponseStatus.COMPLETED
        || state.status() == ResponseStatus.INCOMPLETE;
  }

  /** Succeeds when it has ended, however. */
  Future<Void> end() {
    return end.future();
  }

  private void record(byte[] event) {
    List<byte[]> held = aside;
    if (held != null) {
      held.add(event);
      return;
    }
    if (kept != null) {
      keptWhole &= kept.append(event);
    }
    if (events != null) {
      events.append(event);
    }
  }

  /** Begins, or begins again after no worker took it. */
  void start() {
    if (phase != Phase.NEW) {
      return;
    }
    phase = Phase.PREPARING;
    preparing = true;
    began()
        .compose(begun -> runs.reads().take(ReadBudget.CONVERSATION))
        .compose(
            taken -> {
              room = taken;
              return history();
            })
        .compose(history -> runs.contexts().read(owner.tenant(), call, history, promise.toBeRead()))
        .compose(
            context -> {
              if (room != null) {
                room.keep(context.weight());
              }
              input = context.input();
              return runs.preparation()
                  .prepare(call, context, scope, () -> phase != Phase.PREPARING)
                  .compose(prepared -> read(context, prepared));
            })
        .onComplete(this::dispatch, this::notBegun);
  }

  /** It has its context, and says the same again from here on. */
  private Future<Preparation.Prepared> read(
      ContextReader.Context context, Preparation.Prepared prepared) {
    return promise
        .read(context, prepared.dropped().messages())
        .map(prepared)
        .onFailure(
            why -> {
              if (ResponseArchive.isGone(why)) {
                // Deleted, or another node goes on with it.
                drop();
              }
            });
  }

  /** Waits until it is its turn, where it is one; what takes memory comes after that. */
  private Future<Void> began() {
    if (call.conversation().isEmpty()) {
      return Future.succeededFuture();
    }
    return runs.archive()
        .turn(owner.tenant(), call.conversation().get())
        .map(
            begun -> {
              if (phase == Phase.PREPARING) {
                turn = begun;
              } else {
                begun.release();
              }
              return null;
            });
  }

  private Future<List<? extends JsonNode>> history() {
    return call.conversation().isEmpty() || phase != Phase.PREPARING
        ? Future.succeededFuture(List.of())
        : runs.archive()
            .conversationItems(owner.tenant(), call.conversation().get())
            .map(items -> items);
  }

  private void dispatch(Preparation.Prepared prepared) {
    preparing = false;
    if (phase != Phase.PREPARING) {
      leaveRoom();
      return;
    }
    phase = Phase.GENERATING;
    state.dropped(prepared.dropped());
    RunningCompletion started = runs.dispatcher().start(prepared.request(), this::on);
    completion = started;
    if (phase == Phase.ENDED) {
      started.cancel();
    }
  }

  private void on(CompletionEvent event) {
    if (phase != Phase.GENERATING) {
      return;
    }
    try {
      take(event);
    } catch (RuntimeException e) {
      log.error("response failed with {}", e.getClass().getName());
      stopCompletion();
      broken(ApiError.server(500, "internal_error", "The server failed unexpectedly."));
    }
  }

  private void take(CompletionEvent event) {
    switch (event) {
      case CompletionEvent.Opened begun -> {
        opened = true;
        writer.opened(begun);
        client.opened();
      }
      case CompletionEvent.PromptScored ignored -> {}
      case CompletionEvent.Delta delta -> {
        client.progressed(delta.tokens().size());
        writer.delta(delta);
        size.add(delta);
        if (size.exceeded() || events != null && events.bytes() > MOST_BYTES) {
          stopCompletion();
          broken(TOO_LONG);
        } else if (events != null && runs.live().exceeded()) {
          stopCompletion();
          broken(CROWDED);
        }
      }
      case CompletionEvent.Finished finished -> {
        client.used(finished.usage());
        finishing = true;
        close(() -> writer.finished(finished, System.currentTimeMillis() / 1000));
      }
      case CompletionEvent.Failed failed -> {
        completion = null;
        if (opened) {
          broken(Failures.describe(failed.failure(), "input"));
        } else {
          notBegun(new FailedCompletion(failed.failure()));
        }
      }
    }
  }

  /** No worker has it, and nobody has been told of it but where it was promised. */
  private void notBegun(Throwable why) {
    preparing = false;
    if (phase == Phase.ENDED || phase == Phase.KEEPING) {
      leaveRoom();
      return;
    }
    leaveRoom();
    releaseTurn();
    Throwable told = Preparation.told(why, call);
    if (!promise.given()) {
      forget();
      client.refused(told);
      return;
    }
    ApiError error = errorOf(told);
    if (passes(error) && client.triesAgain(error)) {
      phase = Phase.NEW;
      return;
    }
    writer.failed(error);
    keep();
  }

  /** Whether it may go better later. */
  private static boolean passes(ApiError error) {
    return error.status() == 429
        || error.status() == 503
        || error.code().equals("conversation_busy");
  }

  private static ApiError errorOf(Throwable why) {
    if (why instanceof ApiException refusal) {
      return refusal.error();
    }
    log.error("response failed with {}", why.getClass().getName());
    return ApiError.server(500, "internal_error", "The server failed unexpectedly.");
  }

  /** It failed after a worker had it. */
  private void broken(ApiError error) {
    if (events == null) {
      // Nothing has reached the client, who gets an ordinary error.
      releaseTurn();
      forget();
      client.refused(new ApiException(error));
      return;
    }
    close(() -> writer.failed(error));
  }

  /**
   * Writes its end and keeps it. The last events repeat all of the output; when that is much, they
   * are written beside the event loop.
   */
  private void close(Runnable writing) {
    phase = Phase.KEEPING;
    readers.over();
    completion = null;
    if (!size.large()) {
      writing.run();
      keep(writer.lastEvent());
      return;
    }
    List<byte[]> written = new ArrayList<>();
    List<byte[]> last = new ArrayList<>();
    aside = written;
    runs.aside(
            () -> {
              writing.run();
              last.add(writer.lastEvent());
            })
        .onComplete(
            done -> {
              aside = null;
              written.forEach(this::record);
              keep(last.getFirst());
            },
            why -> {
              aside = null;
              log.error("response failed with {}", why.getClass().getName());
              releaseTurn();
              forget();
              client.refused(why);
            });
  }

  private void keep() {
    keep(writer.lastEvent());
  }

  private void keep(byte[] last) {
    finishing = false;
    phase = Phase.KEEPING;
    readers.over();
    completion = null;
    // What was promised last would stand over the end.
    promise.kept().onSuccess(kept -> keepEnd(last));
  }

  private void keepEnd(byte[] last) {
    Turn held = turn;
    if (!answered()) {
      releaseTurn();
    }
    Optional<Turn> appended = answered() ? Optional.ofNullable(held) : Optional.empty();
    // What failed or was called off is not what a repeat asks for: it is carried out anew.
    Optional<ResponseArchive.Replay> replay = answered() ? client.replay(last) : Optional.empty();
    Future<Void> done;
    if (call.store()) {
      if (kept != null) {
        keptWhole &= kept.append(last);
        if (!keptWhole) {
          // A log with a hole would be told as the whole; without one the response is replayed.
          kept.abandon();
        }
      }
      done =
          runs.archive()
              .keep(
                  owner,
                  ResponseDocument.of(state, input),
                  promise.given(),
                  appended,
                  turnItems(),
                  replay,
                  kept != null && keptWhole);
    } else if (appended.isPresent()) {
      done = runs.archive().append(owner, appended.get(), turnItems(), replay);
    } else {
      done = Future.succeededFuture();
    }
    done.onComplete(ok -> ended(last), why -> notKept(why));
  }

  private List<ObjectNode> turnItems() {
    List<ObjectNode> items = new ArrayList<>(input);
    items.addAll(state.output());
    return items;
  }

  /** What could not be kept has not happened. */
  private void notKept(Throwable why) {
    releaseTurn();
    if (kept != null) {
      kept.abandon();
    }
    boolean gone = call.store() && ResponseArchive.isGone(why);
    if (gone) {
      runs.archive()
          .find(owner)
          .map(ENDED_ELSEWHERE)
          .otherwise(GONE)
          .onSuccess(
              told -> {
                forget(told);
                client.refused(new ApiException(told));
              });
      return;
    }
    if (events == null) {
      forget();
      client.refused(why);
      return;
    }
    unkept = errorOf(why);
    if (state.status() != ResponseStatus.CANCELLED) {
      writer.failed(unkept);
    }
    byte[] last = writer.lastEvent();
    if (promise.given()) {
      settle(last);
    } else {
      ended(last);
    }
  }

  /** It was promised an end: that is kept as soon as it can be, and told from here until then. */
  private void settle(byte[] last) {
    settled()
        .onComplete(
            done -> ended(last),
            why -> {
              told(last);
              runs.insist(this::settled, () -> runs.gone(this));
            });
  }

  private Future<Void> settled() {
    return runs.archive()
        .settle(owner, ResponseDocument.of(state, input))
        .onSuccess(done -> unkept = null);
  }

  /** Why its end is not kept, while it is not. */
  Optional<ApiError> unkept() {
    return Optional.ofNullable(unkept);
  }

  private void ended(byte[] last) {
    runs.gone(this);
    told(last);
  }

  private void told(byte[] last) {
    phase = Phase.ENDED;
    leaveRoom();
    if (events != null) {
      events.append(last);
      events.end();
    }
    client.ended();
    end.tryComplete();
  }

  /** Ends without a trace. */
  private void forget() {
    forget(GONE);
  }

  /**
   * The same.
   *
   * @param told to its readers
   */
  private void forget(ApiError told) {
    phase = Phase.ENDED;
    if (!preparing) {
      leaveRoom();
    }
    readers.over();
    runs.gone(this);
    if (kept != null) {
      kept.abandon();
    }
    if (events != null) {
      if (readers.any()) {
        events.append(ResponseWriter.error(told, events.size()));
      }
      events.end();
    }
    end.tryComplete();
  }

  /** Its context is not needed any more. */
  private void leaveRoom() {
    if (room != null) {
      room.release();
      room = null;
    }
  }

  private void releaseTurn() {
    if (turn != null) {
      turn.release();
      turn = null;
    }
  }

  private void stopCompletion() {
    if (completion != null) {
      completion.cancel();
      completion = null;
    }
  }

  /** Whether its end is being kept just now. */
  boolean keeping() {
    return phase == Phase.KEEPING;
  }

  /** It is not kept any more, and not to be told of. */
  void deleted() {
    drop();
    if (phase == Phase.ENDED) {
      runs.gone(this);
    }
  }

  /** Ends it as if it had never been: nobody has been told of it, or nobody wants it. */
  void drop() {
    if (phase == Phase.ENDED || phase == Phase.KEEPING) {
      return;
    }
    stopCompletion();
    releaseTurn();
    forget();
  }

  /** Calls it off; it is kept as cancelled. Nothing happens when it has ended. */
  void cancel() {
    if (phase == Phase.ENDED || phase == Phase.KEEPING) {
      return;
    }
    stopCompletion();
    close(writer::cancelled);
  }
}
