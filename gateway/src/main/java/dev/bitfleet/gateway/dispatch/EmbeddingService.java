package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.FailedCompletion;
import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.Prompt;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Has texts embedded. Requests wait in a bounded ring and take turns batch by batch, so that one of
 * two thousand texts does not keep one of a single text waiting; each worker has a few batches at a
 * time. A batch whose worker is lost goes to another one once. Event loop of the gateway's
 * verticle.
 */
public final class EmbeddingService {
  private static final int BATCH_PROMPTS = 16;
  private static final int BATCH_UNITS = 64 << 10;

  /** One is computed, one is ready to be. */
  private static final int BATCHES_PER_WORKER = 2;

  private static final int LOST_BATCHES = 2;
  private static final long PAUSE_MILLIS = 50;

  /** Of silence about one batch: a long one on a slow machine. */
  private static final Duration TIMEOUT = Duration.ofSeconds(120);

  private final EventBus bus;
  private final Dispatcher dispatcher;
  private final int mostWaiting;
  private final Deque<Request> ring = new ArrayDeque<>();
  private final Map<String, Integer> batchesOf = new HashMap<>();
  private int open;
  private boolean pumping;
  private boolean pumpLater;

  /** A refusal by its worker: the caller must change the request. */
  public static final class RefusedException extends RuntimeException {
    private final transient EmbedReply.Refused refusal;

    RefusedException(EmbedReply.Refused refusal) {
      super(refusal.message(), null, false, false);
      this.refusal = refusal;
    }

    /** Its index is that of the request's text at fault. */
    public EmbedReply.Refused refusal() {
      return refusal;
    }
  }

  /** Embeddings under way. */
  public interface Running {
    /**
     * In the order of the texts. Fails with {@link RefusedException} or {@link FailedCompletion}.
     */
    Future<List<Embedding>> embeddings();

    /** Gives them up; nothing is heard of them any more. */
    void cancel();
  }

  /**
   * @param mostWaiting requests open at once
   */
  public EmbeddingService(Vertx vertx, Dispatcher dispatcher, int mostWaiting) {
    this.bus = vertx.eventBus();
    this.dispatcher = dispatcher;
    this.mostWaiting = mostWaiting;
  }

  /**
   * Has texts embedded.
   *
   * @param model an embedding model that is served
   */
  public Running embed(String model, List<Prompt> prompts, long cacheScope) {
    Request request = new Request(model, prompts, cacheScope);
    if (open >= mostWaiting) {
      request.promise.fail(
          new FailedCompletion(new CompletionFailure.QueueFull(dispatcher.retryAfter())));
      return request;
    }
    open++;
    request.promise.future().onComplete(ended -> open--);
    ring.add(request);
    pump();
    return request;
  }

  /** Hands batches out as long as a worker takes one. */
  private void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    try {
      int passes = ring.size();
      while (passes-- > 0 && !ring.isEmpty()) {
        Request request = ring.remove();
        if (request.ended()) {
          continue;
        }
        Optional<String> worker = request.sentOut() ? Optional.empty() : choose(request);
        if (worker.isPresent()) {
          request.send(worker.get());
          passes = ring.size() + 1;
        } else if (!request.sentOut()) {
          request.checkPatience();
        }
        if (!request.ended() && !request.sentOut()) {
          ring.add(request);
        }
      }
    } finally {
      pumping = false;
    }
    if (!ring.isEmpty() && !pumpLater) {
      pumpLater = true;
      dispatcher.later(
          PAUSE_MILLIS,
          () -> {
            pumpLater = false;
            pump();
          });
    }
  }

  /** The ready worker of the model with the fewest batches, if it takes another. */
  private Optional<String> choose(Request request) {
    return dispatcher.fleet().workers().stream()
        .filter(worker -> worker.ready() && worker.serves(request.model))
        .map(WorkerView::id)
        .filter(id -> !request.excluded.contains(id))
        .filter(id -> batchesOf.getOrDefault(id, 0) < BATCHES_PER_WORKER)
        .min(Comparator.comparingInt(id -> batchesOf.getOrDefault(id, 0)));
  }

  private record Batch(int from, int to) {}

  private final class Request implements Running {
    private final String model;
    private final List<Prompt> prompts;
    private final long cacheScope;
    private final Embedding[] embeddings;
    private final Promise<List<Embedding>> promise = Promise.promise();
    private final Deque<Batch> unsent = new ArrayDeque<>();
    private final Map<String, String> workerOfBatch = new HashMap<>();
    private final Set<String> excluded = new HashSet<>();
    private long searchingSinceNanos = dispatcher.now();
    private int missing;
    private int lost;
    private boolean cancelled;

    Request(String model, List<Prompt> prompts, long cacheScope) {
      this.model = model;
      this.prompts = List.copyOf(prompts);
      this.cacheScope = cacheScope;
      this.embeddings = new Embedding[prompts.size()];
      this.missing = prompts.size();
      int from = 0;
      while (from < prompts.size()) {
        int to = from;
        long units = 0;
        while (to < prompts.size()
            && to - from < BATCH_PROMPTS
            && (to == from || units < BATCH_UNITS)) {
          units += length(prompts.get(to++));
        }
        unsent.add(new Batch(from, to));
        from = to;
      }
    }

    @Override
    public Future<List<Embedding>> embeddings() {
      return promise.future();
    }

    @Override
    public void cancel() {
      if (!ended()) {
        cancelled = true;
        open--;
        giveUp();
      }
    }

    boolean ended() {
      return cancelled || promise.future().isComplete();
    }

    boolean sentOut() {
      return unsent.isEmpty();
    }

    /** While no worker takes anything of it, a request waits only as long as completions do. */
    void checkPatience() {
      if (!workerOfBatch.isEmpty()) {
        searchingSinceNanos = dispatcher.now();
        return;
      }
      // Somebody waits for it: a worker that sleeps is woken.
      boolean sleeps = dispatcher.supply(ModelWish.of(model)) instanceof ModelSupply.Idle;
      boolean served =
          sleeps
              || dispatcher.fleet().workers().stream().anyMatch(w -> w.ready() && w.serves(model));
      long waited = dispatcher.now() - searchingSinceNanos;
      excluded.clear();
      if (served && waited > dispatcher.limits().queueTimeout().toNanos()) {
        fail(new FailedCompletion(new CompletionFailure.QueueTimeout(dispatcher.retryAfter())));
      } else if (!served && waited > dispatcher.limits().workerWait().toNanos()) {
        fail(new FailedCompletion(new CompletionFailure.NoWorker(dispatcher.retryAfter())));
      }
    }

    void send(String workerId) {
      Batch batch = unsent.remove();
      String id = dispatcher.newStreamId();
      workerOfBatch.put(id, workerId);
      batchesOf.merge(workerId, 1, Integer::sum);
      dispatcher
          .unanswered()
          .of(
              workerId,
              bus.<EmbedReply>request(
                  BusAddresses.embed(workerId),
                  new EmbedRequest(
                      id, model, prompts.subList(batch.from(), batch.to()), cacheScope),
                  new DeliveryOptions().setSendTimeout(TIMEOUT.toMillis())))
          .map(Message::body)
          .onComplete(
              reply -> {
                back(id, workerId);
                answered(batch, workerId, reply);
                pump();
              },
              problem -> {
                back(id, workerId);
                lost(batch, id, workerId);
                pump();
              });
    }

    private void back(String id, String workerId) {
      workerOfBatch.remove(id);
      searchingSinceNanos = dispatcher.now();
      batchesOf.computeIfPresent(workerId, (worker, batches) -> batches > 1 ? batches - 1 : null);
    }

    private void answered(Batch batch, String workerId, EmbedReply reply) {
      if (ended()) {
        return;
      }
      switch (reply) {
        case EmbedReply.Embedded embedded -> {
          if (embedded.embeddings().size() != batch.to() - batch.from()) {
            lost(batch, "", workerId);
            return;
          }
          for (int i = batch.from(); i < batch.to(); i++) {
            embeddings[i] = embedded.embeddings().get(i - batch.from());
          }
          missing -= batch.to() - batch.from();
          if (missing == 0) {
            promise.complete(List.copyOf(Arrays.asList(embeddings)));
          }
        }
        case EmbedReply.Busy ignored -> again(batch, workerId);
        case EmbedReply.Refused refused ->
            fail(new RefusedException(refused.at(batch.from() + refused.index())));
      }
    }

    private void lost(Batch batch, String id, String workerId) {
      if (ended()) {
        return;
      }
      if (!id.isEmpty()) {
        bus.send(BusAddresses.cancel(workerId), new CancelGeneration(id));
      }
      if (++lost < LOST_BATCHES) {
        again(batch, workerId);
      } else {
        fail(new FailedCompletion(new CompletionFailure.EngineFailed("worker_lost")));
      }
    }

    private void again(Batch batch, String workerId) {
      excluded.add(workerId);
      boolean inRing = !unsent.isEmpty();
      unsent.addFirst(batch);
      if (!inRing) {
        ring.addFirst(this);
      }
    }

    private void fail(RuntimeException problem) {
      promise.fail(problem);
      giveUp();
    }

    private void giveUp() {
      unsent.clear();
      ring.remove(this);
      new ArrayList<>(workerOfBatch.entrySet())
          .forEach(
              batch ->
                  bus.send(
                      BusAddresses.cancel(batch.getValue()), new CancelGeneration(batch.getKey())));
    }
  }

  private static long length(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Text text -> text.text().length();
      case Prompt.Tokens tokens -> 4L * tokens.ids().size();
      case Prompt.Chat ignored -> throw new IllegalArgumentException("a chat is not embedded");
    };
  }
}
