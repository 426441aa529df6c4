package dev.bitfleet.worker.host;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutCommand;
import dev.bitfleet.proto.RolloutReply;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's side of rollouts: prepares, holds what it has under a lease, and commits or aborts when
 * it is told to. One at a time. Event loop of ModelHost.
 *
 * <pre>
 *   PREPARING → PREPARED → COMMITTING → (committed)
 *       │           │ ↘ lease over: ASKING ↗↘
 *       └───────────┴──────────────────→ ABORTING → (aborted)
 * </pre>
 */
final class RolloutParticipant {
  private static final Logger LOG = LoggerFactory.getLogger(RolloutParticipant.class);

  /** Nothing may hold the memory of two models for longer without a word. */
  private static final Duration LONGEST_LEASE = Duration.ofMinutes(10);

  private static final Duration PEERS_ANSWER_WITHIN = Duration.ofSeconds(5);

  /** Outcomes that are remembered, for who asks again. */
  private static final int REMEMBERED = 64;

  /** What a node does with a load. */
  interface Loads {
    /** Whether no other command is being carried out; then none will be until {@link #end}. */
    boolean begin();

    /** Fails when it is given up, with nothing left. */
    Future<StagedLoad> stage(ModelCommand.Load load, Future<?> givenUp);

    /** What its workers answer to the canary. */
    Future<RolloutReply.Prepared> ask(String rollout, StagedLoad staged);

    Future<Void> commit(StagedLoad staged);

    Future<Void> discard(StagedLoad staged);

    void end();
  }

  private enum Phase {
    PREPARING,
    PREPARED,
    ASKING,
    COMMITTING,
    ABORTING
  }

  private static final class Held {
    final RolloutCommand.Prepare prepare;
    final Promise<Void> givenUp = Promise.promise();

    /** Whether it was committed. */
    final Promise<Boolean> outcome = Promise.promise();

    Phase phase = Phase.PREPARING;
    Optional<StagedLoad> staged = Optional.empty();
    RolloutReply standing = new RolloutReply.Renewed();
    long timer = -1;

    Held(RolloutCommand.Prepare prepare) {
      this.prepare = prepare;
    }
  }

  private final Vertx vertx;
  private final Loads loads;
  private final Function<Throwable, ModelReply.Refused> refusal;
  private final Map<String, Boolean> outcomes =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > REMEMBERED;
        }
      };
  private @Nullable Held held;

  /**
   * @param refusal what a failure is to whoever asked
   */
  RolloutParticipant(Vertx vertx, Loads loads, Function<Throwable, ModelReply.Refused> refusal) {
    this.vertx = vertx;
    this.loads = loads;
    this.refusal = refusal;
  }

  /** Answers when it is done, or is sure not to be. */
  void on(Message<RolloutCommand> message) {
    answer(message.body())
        .otherwise(problem -> new RolloutReply.Refused(refusal.apply(problem)))
        .onSuccess(message::reply);
  }

  private Future<RolloutReply> answer(RolloutCommand command) {
    Held now = held;
    if (now == null || !now.prepare.rollout().equals(command.rollout())) {
      return switch (command) {
        case RolloutCommand.Prepare prepare -> prepare(prepare);
        case RolloutCommand.Renew ignored -> unknown();
        case RolloutCommand.Commit commit ->
            outcomes.getOrDefault(commit.rollout(), false)
                ? Future.succeededFuture(new RolloutReply.Committed())
                : unknown();
        case RolloutCommand.Abort abort -> {
          // Also when its Prepare has not come yet: that one must find this.
          boolean committed =
              Optional.ofNullable(outcomes.putIfAbsent(abort.rollout(), false)).orElse(false);
          yield Future.succeededFuture(outcome(committed));
        }
      };
    }
    return switch (command) {
      case RolloutCommand.Prepare ignored ->
          refused(ModelReply.Code.IN_PROGRESS, "it is being prepared already");
      case RolloutCommand.Renew ignored -> renew(now);
      case RolloutCommand.Commit ignored -> commit(now);
      case RolloutCommand.Abort ignored -> abort(now);
    };
  }

  private static RolloutReply outcome(boolean committed) {
    return committed ? new RolloutReply.Committed() : new RolloutReply.Aborted();
  }

  private static Future<RolloutReply> unknown() {
    return refused(
        ModelReply.Code.FAILED, "nothing is held for it here: it was given up, or never begun");
  }

  private static Future<RolloutReply> refused(ModelReply.Code code, String message) {
    return Future.succeededFuture(
        new RolloutReply.Refused(new ModelReply.Refused(code, message, "")));
  }

  // ---- prepare

  private Future<RolloutReply> prepare(RolloutCommand.Prepare prepare) {
    if (outcomes.containsKey(prepare.rollout())) {
      return unknown();
    }
    if (prepare.lease().compareTo(LONGEST_LEASE) > 0) {
      return refused(
          ModelReply.Code.INVALID, "a lease is at most " + LONGEST_LEASE.toMinutes() + " minutes");
    }
    if (!loads.begin()) {
      return refused(ModelReply.Code.IN_PROGRESS, "another model is being loaded or unloaded");
    }
    var mine = new Held(prepare);
    held = mine;
    renewLease(mine);
    // What it throws at once is its answer too, or no command would ever be taken again.
    return Future.succeededFuture()
        .compose(begin -> loads.stage(prepare.load(), mine.givenUp.future()))
        .compose(
            staged -> {
              mine.staged = Optional.of(staged);
              return unlessGivenUp(mine, loads.ask(prepare.rollout(), staged));
            })
        .<RolloutReply>compose(
            prepared -> {
              if (mine.phase != Phase.PREPARING) {
                return Future.failedFuture(givenUp());
              }
              mine.phase = Phase.PREPARED;
              // An answer can be lost; the next renewal has it again.
              mine.standing = prepared;
              return Future.succeededFuture(prepared);
            })
        .recover(problem -> undo(mine).transform(done -> Future.failedFuture(problem)));
  }

  private static <T> Future<T> unlessGivenUp(Held mine, Future<T> answer) {
    Promise<T> first = Promise.promise();
    answer.onComplete(first::tryComplete, first::tryFail);
    mine.givenUp.future().onComplete(gone -> first.tryFail(givenUp()));
    return first.future();
  }

  private static RefusedException givenUp() {
    return new RefusedException(ModelReply.Code.FAILED, "it was given up", "");
  }

  private Future<RolloutReply> renew(Held mine) {
    if (mine.phase != Phase.PREPARING && mine.phase != Phase.PREPARED) {
      return unknown();
    }
    renewLease(mine);
    return Future.succeededFuture(mine.standing);
  }

  private void renewLease(Held mine) {
    vertx.cancelTimer(mine.timer);
    mine.timer = vertx.setTimer(mine.prepare.lease().toMillis(), ignored -> leaseOver(mine));
  }

  // ---- decide

  private Future<RolloutReply> commit(Held mine) {
    return switch (mine.phase) {
      case PREPARING -> refused(ModelReply.Code.INVALID, "it is not prepared yet");
      case PREPARED -> {
        carryOut(mine);
        yield decided(mine);
      }
      case ASKING, COMMITTING, ABORTING -> decided(mine);
    };
  }

  private static Future<RolloutReply> decided(Held mine) {
    return mine.outcome
        .future()
        .compose(committed -> committed ? Future.succeededFuture(outcome(true)) : unknown());
  }

  private Future<RolloutReply> abort(Held mine) {
    return switch (mine.phase) {
      case PREPARING, PREPARED -> {
        giveUp(mine);
        yield mine.outcome.future().map(RolloutParticipant::outcome);
      }
      // A peer whose lease is over as well: whoever knows more answers both.
      case ASKING -> Future.succeededFuture(outcome(false));
      case COMMITTING, ABORTING -> mine.outcome.future().map(RolloutParticipant::outcome);
    };
  }

  /** The gateway is gone. It may have told others of its decision before it went. */
  private void leaseOver(Held mine) {
    if (mine.phase != Phase.PREPARED) {
      LOG.warn("whoever had {} prepared is gone; it is given up", mine.prepare.load().model());
      giveUp(mine);
      return;
    }
    mine.phase = Phase.ASKING;
    List<Future<Boolean>> peers = mine.prepare.peers().stream().map(p -> ask(mine, p)).toList();
    Future.join(peers)
        .onComplete(
            all -> {
              boolean committed = peers.stream().anyMatch(Future::result);
              LOG.warn(
                  "whoever had {} prepared is gone; {}",
                  mine.prepare.load().model(),
                  committed
                      ? "another node has committed, so it is committed here too"
                      : "no node has committed, so it is taken back");
              if (committed) {
                carryOut(mine);
              } else {
                undo(mine);
              }
            });
  }

  private Future<Boolean> ask(Held mine, String peer) {
    return vertx
        .eventBus()
        .<RolloutReply>request(
            BusAddresses.rollout(peer),
            new RolloutCommand.Abort(mine.prepare.rollout()),
            new DeliveryOptions().setSendTimeout(PEERS_ANSWER_WITHIN.toMillis()))
        .map(reply -> reply.body() instanceof RolloutReply.Committed)
        .otherwise(false);
  }

  private void carryOut(Held mine) {
    mine.phase = Phase.COMMITTING;
    vertx.cancelTimer(mine.timer);
    loads
        .commit(mine.staged.orElseThrow())
        .onComplete(
            done -> settle(mine, true),
            problem -> {
              LOG.error("a load that was prepared could not be committed", problem);
              undo(mine);
            });
  }

  private void giveUp(Held mine) {
    if (mine.phase == Phase.PREPARED) {
      undo(mine);
    } else if (mine.phase == Phase.PREPARING) {
      mine.phase = Phase.ABORTING;
      mine.givenUp.tryComplete();
    }
  }

  private Future<Void> undo(Held mine) {
    mine.phase = Phase.ABORTING;
    vertx.cancelTimer(mine.timer);
    return mine.staged
        .map(loads::discard)
        .orElse(Future.succeededFuture())
        .onComplete(ignored -> settle(mine, false));
  }

  private void settle(Held mine, boolean committed) {
    vertx.cancelTimer(mine.timer);
    held = null;
    outcomes.put(mine.prepare.rollout(), committed);
    loads.end();
    mine.outcome.tryComplete(committed);
  }
}
