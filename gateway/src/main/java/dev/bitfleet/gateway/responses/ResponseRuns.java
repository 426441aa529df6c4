package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dispatch.Dispatcher;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The responses that run here, and what they share. Event loop only. */
final class ResponseRuns {
  private final Vertx vertx;
  private final Dispatcher dispatcher;
  private final ResponseArchive archive;
  private final ContextReader contexts;
  private final Preparation preparation;
  private final ResponseLimits limits;
  private final Map<Owner, ResponseRun> running = new HashMap<>();

  ResponseRuns(
      Vertx vertx,
      Dispatcher dispatcher,
      ResponseArchive archive,
      Preparation preparation,
      ResponseLimits limits) {
    this.vertx = vertx;
    this.dispatcher = dispatcher;
    this.archive = archive;
    this.contexts = new ContextReader(archive);
    this.preparation = preparation;
    this.limits = limits;
  }

  /** A response that is not started yet. */
  ResponseRun add(Owner owner, long scope, ResponseCall call, RunClient client) {
    ResponseRun run = new ResponseRun(this, owner, scope, call, client);
    running.put(owner, run);
    return run;
  }

  /** One that runs here and may be asked for by its id. */
  Optional<ResponseRun> find(Owner owner) {
    return Optional.ofNullable(running.get(owner)).filter(run -> run.call().store());
  }

  void gone(ResponseRun run) {
    running.remove(run.owner(), run);
  }

  /** Ends all of them where they stand; what was acknowledged is done at the next start. */
  void stop() {
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

  long afterGrace(Runnable action) {
    return vertx.setTimer(limits.grace().toMillis(), timer -> action.run());
  }

  void cancelTimer(long timer) {
    if (timer >= 0) {
      vertx.cancelTimer(timer);
    }
  }
}
