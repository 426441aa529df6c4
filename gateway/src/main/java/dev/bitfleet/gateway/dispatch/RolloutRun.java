package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.rollout.Rollout;
import dev.bitfleet.gateway.rollout.Step;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutCommand;
import dev.bitfleet.proto.RolloutReply;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.time.Duration;
import java.util.List;

/** Carries a rollout's steps over the bus. Event loop only. */
final class RolloutRun {
  /** Beyond a node's own limits, which end a load that hangs. */
  private static final Duration PREPARED_WITHIN = Duration.ofMinutes(30);

  private static final Duration ANSWERED_WITHIN = Duration.ofSeconds(5);
  private static final Duration TICK = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final Rollout rollout;
  private final Promise<ModelReply> result = Promise.promise();
  private long timer = -1;

  RolloutRun(Vertx vertx, Rollout rollout) {
    this.vertx = vertx;
    this.rollout = rollout;
  }

  /** What it comes to. Never fails. */
  Future<ModelReply> run() {
    timer =
        vertx.setPeriodic(TICK.toMillis(), ignored -> carryOut(rollout.tick(System.nanoTime())));
    carryOut(rollout.begin());
    return result.future();
  }

  private void carryOut(List<Step> steps) {
    for (Step step : steps) {
      switch (step) {
        case Step.Tell tell -> tell(tell.node(), tell.command());
        case Step.End end -> {
          vertx.cancelTimer(timer);
          result.tryComplete(end.reply());
        }
      }
    }
  }

  private void tell(String node, RolloutCommand command) {
    Duration within = command instanceof RolloutCommand.Prepare ? PREPARED_WITHIN : ANSWERED_WITHIN;
    vertx
        .eventBus()
        .<RolloutReply>request(
            BusAddresses.rollout(node),
            command,
            new DeliveryOptions().setSendTimeout(within.toMillis()))
        .onComplete(
            message -> carryOut(rollout.answered(node, command, message.body(), System.nanoTime())),
            problem ->
                carryOut(
                    rollout.unanswered(
                        node,
                        command,
                        problem instanceof ReplyException e
                            && e.failureType() == ReplyFailure.NO_HANDLERS,
                        System.nanoTime())));
  }
}
