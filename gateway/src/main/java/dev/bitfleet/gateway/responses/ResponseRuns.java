package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dispatch.Dispatcher;
import dev.bitfleet.gateway.http.ReadBudget;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The responses that run here, and what they share. Event loop only. */
final class ResponseRuns {
  private static final Logger log = LoggerFactory.getLogger(ResponseRuns.class);
  private static final long SHORTEST_PAUSE_MILLIS = 500;
  private static final long LONGEST_PAUSE_MILLIS = 30_000;

  /** Between two notices of one reader, however long the grace. */
  private static final long LONGEST_SILENCE_MILLIS = 5_000;

  private final Vertx vertx;
  private final Dispatcher dispatcher;
  private final ResponseArchive archive;
  private final ContextReader contexts;
  private final Preparation preparation;
  private final ResponseLimits limits;
  private final ReadBudget reads;
  private final LiveBudget live = LiveBudget.ofMemory();
  private final Map<Owner, ResponseRun> running = new HashMap<>();
  private boolean stopped;

  ResponseRuns(
      Vertx vertx,
      Dispatcher dispatcher,
      ResponseArchive archive,
      Preparation preparation,
      ResponseLimits limits,
      ReadBudget reads) {
    this.reads = reads;
    this.vertx = vertx;
    this.dispatcher = dispatcher;
    this.archive = archive;
    this.contexts = new ContextReader(archive);
    this.preparation = preparation;
    this.limits = limits;
  }

  /** A response that is not started yet, and of which nobody has been told. */
  ResponseRun add(Owner owner, long scope, ResponseCall call, RunClient client) {
    return add(new ResponseRun(this, owner, scope, call, client, Optional.empty()));
  }

  /** One that was promised. */
  ResponseRun addPromised(Owner owner, PromisedWork work, ResponseCall call, RunClient client) {
    return add(new ResponseRun(this, owner, work.scope(), call, client, Optional.of(work)));
  }

  private ResponseRun add(ResponseRun run) {
    running.put(run.owner(), run);
    return run;
  }

  /** One that runs here and may be asked for by its id. */
  Optional<ResponseRun> find(Owner owner) {
    return Optional.ofNullable(running.get(owner)).filter(run -> run.call().store());
  }

  /** Calls off a promised response, if it runs here. */
  void calledOff(Owner owner) {
    find(owner).filter(run -> run.promise().given()).ifPresent(ResponseRun::cancel);
  }

  /** A client at another node reads a response, if it runs here. */
  void readElsewhere(Owner owner) {
    find(owner).ifPresent(run -> run.readers().elsewhere());
  }

  void gone(ResponseRun run) {
    if (running.remove(run.owner(), run)) {
      run.client().gone();
    }
  }

  /**
   * Ends all of them where they stand; what was acknowledged is done elsewhere, or at the next
   * start.
   */
  void stop() {
    stopped = true;
    List.copyOf(running.values()).forEach(ResponseRun::drop);
  }

  /** The model that a call will get as things are; empty while there is none. */
  String servedModel(ResponseCall call) {
    return preparation.servedModel(call, dispatcher.fleet());
  }

  Dispatcher dispatcher() {
    return dispatcher;
  }

  ResponseArchive archive() {
    return archive;
  }

  ContextReader contexts() {
    return contexts;
  }

  Preparation preparation() {
    return preparation;
  }

  /** What contexts and answers take while they are there. */
  ReadBudget reads() {
    return reads;
  }

  /** What live logs take. */
  LiveBudget live() {
    return live;
  }

  /** Does what takes long beside the event loop; goes on there. */
  Future<Void> aside(Runnable work) {
    return vertx.executeBlocking(
        () -> {
          work.run();
          return null;
        },
        false);
  }

  /**
   * Tries until it succeeds, with pauses that grow to half a minute; gives up only with the server.
   *
   * @param then runs once it has succeeded
   */
  void insist(Supplier<Future<Void>> step, Runnable then) {
    insist(step, then, SHORTEST_PAUSE_MILLIS);
  }

  private void insist(Supplier<Future<Void>> step, Runnable then, long pause) {
    if (stopped) {
      return;
    }
    step.get()
        .onComplete(
            done -> then.run(),
            why -> {
              log.warn("a response is not kept yet; tried again in {} ms", pause);
              vertx.setTimer(
                  pause, timer -> insist(step, then, Math.min(2 * pause, LONGEST_PAUSE_MILLIS)));
            });
  }

  void later(long millis, Runnable action) {
    vertx.setTimer(millis, timer -> action.run());
  }

  long afterGrace(Runnable action) {
    return vertx.setTimer(limits.grace().toMillis(), timer -> action.run());
  }

  /** Does it soon enough for a grace that begins now, also where one notice is lost. */
  void withinGrace(Runnable action) {
    later(Math.clamp(limits.grace().toMillis() / 3, 1, LONGEST_SILENCE_MILLIS), action);
  }

  void cancelTimer(long timer) {
    if (timer >= 0) {
      vertx.cancelTimer(timer);
    }
  }
}
