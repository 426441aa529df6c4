package dev.bitfleet.worker.host;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.RolloutReply;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.WorkerHeartbeat;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Asks workers that nobody is sent to the same question, the way a gateway asks: equal weights and
 * equal arithmetic give equal answers, whatever the machine. Event loop of ModelHost.
 */
final class Canary {
  private static final String PROMPT = "Once upon a time there was";
  private static final int TOKENS = 8;

  /** No tenant's, as that of an engine's probe. */
  private static final long CACHE_SCOPE = -1;

  private final Vertx vertx;
  private final String address;
  private final Duration within;

  /**
   * @param within for a worker's whole answer
   */
  Canary(Vertx vertx, String nodeId, Duration within) {
    this.vertx = vertx;
    this.address = BusAddresses.canary(nodeId);
    this.within = within;
  }

  /**
   * What all of these workers answer.
   *
   * @param name unique in the fleet
   * @return fails with {@link RefusedException} when one does not, or they differ
   */
  Future<RolloutReply.Prepared> ask(String name, List<WorkerHeartbeat> workers) {
    Map<String, Listener> listeners = new HashMap<>();
    MessageConsumer<GenerationEvent> inbox =
        vertx
            .eventBus()
            .consumer(
                address,
                message ->
                    Optional.ofNullable(listeners.get(message.body().streamId()))
                        .ifPresent(listener -> listener.hear(message.body())));
    return inbox
        .completion()
        .compose(
            listening -> {
              List<Future<RolloutReply.Prepared>> answers =
                  workers.stream().map(worker -> ask(name, worker, listeners)).toList();
              return Future.all(answers).compose(all -> common(answers));
            })
        .onComplete(ignored -> inbox.unregister());
  }

  private static Future<RolloutReply.Prepared> common(List<Future<RolloutReply.Prepared>> answers) {
    List<RolloutReply.Prepared> different =
        answers.stream().map(Future::result).distinct().toList();
    return different.size() == 1
        ? Future.succeededFuture(different.getFirst())
        : Future.failedFuture(
            refusal("the node's own workers answer the canary differently: " + different));
  }

  private Future<RolloutReply.Prepared> ask(
      String name, WorkerHeartbeat worker, Map<String, Listener> listeners) {
    // It has made a token, so it knows its model.
    ModelDescription model = worker.model().orElseThrow();
    String id = name + "@" + worker.workerId();
    Future<List<Integer>> answer =
        model.embeddingSize() > 0
            ? embedding(id, worker.workerId(), model.id())
            : completion(id, worker.workerId(), model.id(), listeners);
    return answer.map(canary -> new RolloutReply.Prepared(model.id(), model.fingerprint(), canary));
  }

  private Future<List<Integer>> embedding(String id, String worker, String model) {
    return vertx
        .eventBus()
        .<EmbedReply>request(
            BusAddresses.embed(worker),
            new EmbedRequest(id, model, List.of(new Prompt.Text(PROMPT)), CACHE_SCOPE),
            patience())
        .compose(
            message ->
                switch (message.body()) {
                  case EmbedReply.Embedded embedded ->
                      Future.succeededFuture(bits(embedded.embeddings().getFirst()));
                  case EmbedReply.Busy busy -> Future.failedFuture(refusal(busy.reason()));
                  case EmbedReply.Refused refused ->
                      Future.failedFuture(refusal(refused.message()));
                });
  }

  private static List<Integer> bits(Embedding embedding) {
    var bits = new ArrayList<Integer>();
    for (float value : embedding.values()) {
      bits.add(Float.floatToRawIntBits(value));
    }
    return List.copyOf(bits);
  }

  private Future<List<Integer>> completion(
      String id, String worker, String model, Map<String, Listener> listeners) {
    var listener = new Listener();
    listeners.put(id, listener);
    vertx
        .eventBus()
        .<OpenReply>request(BusAddresses.open(worker), question(id, model), patience())
        .onComplete(
            message -> {
              switch (message.body()) {
                case OpenReply.Accepted ignored -> {}
                case OpenReply.Busy busy -> listener.tokens.tryFail(refusal(busy.reason()));
                case OpenReply.Refused refused ->
                    listener.tokens.tryFail(refusal(refused.message()));
              }
            },
            listener.tokens::tryFail);
    long timer =
        vertx.setTimer(
            within.toMillis(),
            ignored -> listener.tokens.tryFail(refusal("not within " + within.toSeconds() + " s")));
    return listener.tokens.future().onComplete(ignored -> vertx.cancelTimer(timer));
  }

  private GenerationRequest question(String id, String model) {
    return new GenerationRequest(
        id,
        address,
        model,
        new Prompt.Text(PROMPT),
        Sampling.greedy(),
        TOKENS,
        List.of(),
        true,
        OptionalInt.empty(),
        0,
        CACHE_SCOPE,
        "",
        PromptScoring.NONE,
        Priority.INTERACTIVE,
        Optional.empty());
  }

  private DeliveryOptions patience() {
    return new DeliveryOptions().setSendTimeout(within.toMillis());
  }

  private static RefusedException refusal(String why) {
    return new RefusedException(
        ModelReply.Code.FAILED, "it is loaded but did not answer the canary: " + why, "");
  }

  /** Of one answer. */
  private static final class Listener {
    private final Promise<List<Integer>> tokens = Promise.promise();
    private final List<Integer> heard = new ArrayList<>();

    void hear(GenerationEvent event) {
      switch (event) {
        case GenerationEvent.Delta delta ->
            delta.tokens().stream().map(TokenDetail::id).forEach(heard::add);
        case GenerationEvent.PromptScored ignored -> {}
        case GenerationEvent.Finished ignored -> tokens.tryComplete(List.copyOf(heard));
        case GenerationEvent.Failed failed -> tokens.tryFail(refusal(failed.message()));
      }
    }
  }
}
