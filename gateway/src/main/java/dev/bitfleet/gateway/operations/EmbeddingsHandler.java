package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.EmbeddingCall;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.llamacpp.PlainEmbeddings;
import dev.bitfleet.gateway.dialect.openai.EmbeddingsFormat;
import dev.bitfleet.gateway.dispatch.EmbeddingService;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.Usage;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** Embeddings, as OpenAI has them and as llama-server has them. Event loop only. */
public final class EmbeddingsHandler {
  /** Numbers that are written on the event loop; more are on a worker thread. */
  private static final int INLINE_NUMBERS = 4096;

  private final Vertx vertx;
  private final RequestReader reader;
  private final FleetView fleet;
  private final EmbeddingService service;
  private final UnknownModels unknown;

  public EmbeddingsHandler(
      Vertx vertx,
      RequestReader reader,
      FleetView fleet,
      EmbeddingService service,
      UnknownModels unknown) {
    this.vertx = vertx;
    this.reader = reader;
    this.fleet = fleet;
    this.service = service;
    this.unknown = unknown;
  }

  /** Adds a handler for each of its operations. */
  public void addTo(Map<Operation, Handler> handlers) {
    handlers.put(Operation.CREATE_EMBEDDINGS, answering(EmbeddingsFormat::read));
    handlers.put(Operation.CREATE_PLAIN_EMBEDDING, answering(PlainEmbeddings::read));
    handlers.put(Operation.CREATE_PLAIN_EMBEDDINGS, answering(PlainEmbeddings::read));
  }

  private Handler answering(Function<JsonNode, EmbeddingCall> understand) {
    return (exchange, body) ->
        reader.read(exchange, body, understand, call -> embed(exchange, call));
  }

  private void embed(Exchange exchange, EmbeddingCall call) {
    ModelDescription model = model(unknown.meant(exchange.operation(), call.model()));
    if (call.dimensions().orElse(0) > model.embeddingSize()) {
      throw new ApiException(
          EmbeddingsFormat.tooManyDimensions(call.dimensions().getAsInt(), model.embeddingSize()));
    }
    EmbeddingService.Running running =
        service.embed(model.id(), call.inputs(), exchange.caller().scope());
    exchange.whenGone(running::cancel);
    exchange.settling(
        running.embeddings(),
        embeddings -> answer(exchange, call, model, embeddings),
        problem -> {
          if (problem instanceof EmbeddingService.RefusedException refused) {
            exchange.error(EmbeddingsFormat.describe(refused.refusal(), call, model.id()));
          } else {
            TextHandler.fail(exchange, problem, call.field());
          }
        });
  }

  /** The model asked for, or the first that makes embeddings. */
  private ModelDescription model(ModelWish wish) {
    Optional<ModelDescription> found = fleet.described(wish, model -> model.embeddingSize() > 0);
    if (found.isPresent() && found.get().embeddingSize() > 0) {
      return found.get();
    }
    // Where a name is unknown and none makes embeddings, the default model is what was meant.
    Optional<ModelDescription> meant = found.or(() -> fleet.generating(wish));
    if (meant.isPresent()) {
      throw new ApiException(EmbeddingsFormat.notAnEmbeddingModel(meant.get().id()));
    }
    boolean ready = fleet.workers().stream().anyMatch(WorkerView::ready);
    throw new ApiException(
        Failures.describe(
            wish.name().isPresent() && ready
                ? new CompletionFailure.UnknownModel(wish.name().get())
                : new CompletionFailure.NoWorker(Duration.ofSeconds(1)),
            "input"));
  }

  private void answer(
      Exchange exchange, EmbeddingCall call, ModelDescription model, List<Embedding> embeddings) {
    int tokens = embeddings.stream().mapToInt(Embedding::promptTokens).sum();
    Usage usage = new Usage(tokens, 0, 0);
    exchange.metrics().finished(usage);
    exchange.used(usage);
    if ((long) embeddings.size() * model.embeddingSize() <= INLINE_NUMBERS) {
      exchange.json(200, call.answer().write(model.id(), embeddings));
      return;
    }
    exchange.settling(
        vertx.executeBlocking(() -> call.answer().write(model.id(), embeddings), false),
        bytes -> exchange.json(200, bytes));
  }
}
