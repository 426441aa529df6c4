package dev.bitfleet.worker;

import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.worker.engine.EmbeddingRequest;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.supervise.EngineSupervisor;
import dev.bitfleet.worker.supervise.PromptHash;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Takes requests for embeddings, hands their texts to the engine a bounded number at a time, in
 * turn between requests, and replies when a request's texts are all there or one of them cannot be.
 * One thread: its worker's.
 *
 * <p>Embeddings take none of the worker's slots: the engine computes them in what streams leave
 * free, so they are bounded by their number here.
 */
final class EmbeddingDesk {
  /** Texts of all requests that may be here at once: two requests of full length. */
  static final int MOST_TEXTS = 2 * EmbedRequest.MOST_PROMPTS;

  // Enough for the engine to fill its chunks from, few enough that turns are short.
  private static final int MOST_AT_ENGINE = 32;

  private final WorkerOptions options;
  private final Suspects suspects;
  private final Supplier<Collection<PromptHash>> openPrompts;
  private final Runnable whenAsked;
  private final Runnable whenIdle;
  private final Map<String, Order> orders = new HashMap<>();
  // Those with texts the engine has not been given, in the order of their turns.
  private final Deque<Order> waiting = new ArrayDeque<>();
  private final Map<Long, Part> atEngine = new HashMap<>();
  private int texts;
  private long ids;
  private boolean draining;
  private Optional<EngineSupervisor> supervisor = Optional.empty();

  /** One request on its way. */
  private static final class Order {
    private final EmbedRequest request;
    private final Consumer<EmbedReply> asker;
    private final Embedding[] embeddings;
    private int handed;
    private int done;

    Order(EmbedRequest request, Consumer<EmbedReply> asker) {
      this.request = request;
      this.asker = asker;
      this.embeddings = new Embedding[request.prompts().size()];
    }

    int size() {
      return embeddings.length;
    }
  }

  /** A text the engine has. */
  private record Part(Order order, int index, PromptHash hash) {}

  /**
   * @param openPrompts everything the engine has now, {@link #openPrompts} included
   * @param whenAsked called at every request for its model, before more of it is looked at
   * @param whenIdle called when the last request has been answered
   */
  EmbeddingDesk(
      WorkerOptions options,
      Suspects suspects,
      Supplier<Collection<PromptHash>> openPrompts,
      Runnable whenAsked,
      Runnable whenIdle) {
    this.options = options;
    this.suspects = suspects;
    this.openPrompts = openPrompts;
    this.whenAsked = whenAsked;
    this.whenIdle = whenIdle;
  }

  /** From now on that engine computes. */
  void serve(EngineSupervisor engine) {
    supervisor = Optional.of(engine);
  }

  /** Until the next {@link #serve} none does. */
  void rest() {
    supervisor = Optional.empty();
  }

  /** Takes nothing more on. */
  void drain() {
    draining = true;
  }

  /** Turns away who is still here. */
  void close() {
    turnAllAway("the worker stops");
  }

  boolean idle() {
    return orders.isEmpty();
  }

  /** Of the texts the engine has. */
  List<PromptHash> openPrompts() {
    return atEngine.values().stream().map(Part::hash).toList();
  }

  /**
   * Takes a request.
   *
   * @param asker gets the one reply, now or later
   */
  void take(EmbedRequest request, Consumer<EmbedReply> asker) {
    if (draining) {
      asker.accept(new EmbedReply.Busy("draining"));
      return;
    }
    if (!options.answersTo(request.model())) {
      asker.accept(new EmbedReply.Busy("other model"));
      return;
    }
    whenAsked.run();
    EngineDescription engine = engine().orElse(null);
    if (engine == null) {
      asker.accept(new EmbedReply.Busy("not ready"));
    } else if (engine.embeddings().size() == 0) {
      asker.accept(
          new EmbedReply.Refused(
              EmbedReply.Code.NOT_AN_EMBEDDING_MODEL,
              "the model '" + options.modelId() + "' makes no embeddings",
              0));
    } else if (texts + request.prompts().size() > MOST_TEXTS) {
      asker.accept(new EmbedReply.Busy("too many texts wait to be embedded"));
    } else {
      Order order = new Order(request, asker);
      if (orders.putIfAbsent(request.requestId(), order) != null) {
        asker.accept(new EmbedReply.Busy("the request is here already"));
        return;
      }
      texts += order.size();
      waiting.add(order);
      handOut();
    }
  }

  private Optional<EngineDescription> engine() {
    return supervisor
        .filter(s -> s.state() == EngineSupervisor.State.READY)
        .flatMap(EngineSupervisor::description);
  }

  private void handOut() {
    while (atEngine.size() < MOST_AT_ENGINE && !waiting.isEmpty()) {
      Order order = waiting.remove();
      Optional<EmbedReply> problem = handOutOne(order);
      if (problem.isPresent()) {
        end(order, problem.get());
      } else if (order.handed < order.size() && open(order)) {
        waiting.add(order);
      }
    }
  }

  /** Not answered yet; the engine may refuse a text while it is handed over. */
  private boolean open(Order order) {
    return orders.get(order.request.requestId()) == order;
  }

  private Optional<EmbedReply> handOutOne(Order order) {
    int index = order.handed;
    Prompt prompt = order.request.prompts().get(index);
    List<PromptSegment> segments =
        List.of(
            switch (prompt) {
              case Prompt.Text text -> new PromptSegment.Text(text.text());
              case Prompt.Tokens tokens -> new PromptSegment.Tokens(tokens.ids());
              case Prompt.Chat chat -> throw new IllegalStateException("checked before: " + chat);
            });
    PromptHash hash = PromptHash.of(segments);
    switch (suspects.verdict(hash, openPrompts.get())) {
      case ADMITTED -> {}
      case WAITS -> {
        return Optional.of(
            new EmbedReply.Busy("an engine died with a text of it; another such is tried first"));
      }
      case REFUSED -> {
        return Optional.of(
            new EmbedReply.Refused(
                EmbedReply.Code.PROMPT_QUARANTINED,
                "this text was there when two engines died; it is refused for a while",
                index));
      }
    }
    long id = ++ids;
    EmbeddingRequest request =
        new EmbeddingRequest(
            id, segments, prompt instanceof Prompt.Text, order.request.cacheScope());
    order.handed++;
    // Before the engine hears of it: it may refuse at once.
    atEngine.put(id, new Part(order, index, hash));
    if (supervisor.filter(s -> s.embed(request)).isEmpty()) {
      return Optional.of(new EmbedReply.Busy("not ready"));
    }
    return Optional.empty();
  }

  /** What the engine says; what it says of texts given up is nobody's. */
  void on(EngineEvent.OfEmbedding event) {
    Part part = atEngine.remove(event.requestId());
    if (part == null) {
      return;
    }
    Order order = part.order();
    switch (event) {
      case EngineEvent.Embedded embedded -> {
        suspects.finished(part.hash());
        order.embeddings[part.index()] = embedded.embedding();
        if (++order.done == order.size()) {
          String fingerprint = engine().map(EngineDescription::fingerprint).orElse("");
          end(order, new EmbedReply.Embedded(Arrays.asList(order.embeddings), fingerprint));
        }
      }
      case EngineEvent.NotEmbedded not ->
          end(
              order,
              not.reply() instanceof EmbedReply.Refused refused
                  ? refused.at(part.index())
                  : not.reply());
    }
    handOut();
  }

  /** Gives a request up; nothing happens when it is unknown or answered. */
  void cancel(String requestId) {
    Order order = orders.get(requestId);
    if (order != null) {
      end(order, new EmbedReply.Busy("cancelled"));
      handOut();
    }
  }

  /** The process is gone, and every text with it. */
  void engineLost(String cause) {
    atEngine.clear();
    turnAllAway(cause);
  }

  private void turnAllAway(String reason) {
    List.copyOf(orders.values()).forEach(order -> end(order, new EmbedReply.Busy(reason)));
  }

  private void end(Order order, EmbedReply reply) {
    if (!orders.remove(order.request.requestId(), order)) {
      return;
    }
    texts -= order.size();
    waiting.remove(order);
    atEngine
        .entrySet()
        .removeIf(
            entry -> {
              boolean of = entry.getValue().order() == order;
              if (of) {
                supervisor.ifPresent(s -> s.cancelEmbedding(entry.getKey()));
              }
              return of;
            });
    order.asker.accept(reply);
    if (orders.isEmpty()) {
      whenIdle.run();
    }
  }
}
