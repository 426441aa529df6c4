package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.openai.EmbeddingsFormat;
import dev.bitfleet.gateway.dispatch.EmbeddingService;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.Usage;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** {@code /v1/embeddings}. Event loop only. */
public final class EmbeddingsHandler implements Handler {
  /** Numbers that are written on the event loop; more are on a worker thread. */
  private static final int INLINE_NUMBERS = 4096;

  private final Vertx vertx;
  private final RequestReader reader;
  private final FleetView fleet;
  private final EmbeddingService service;

  public EmbeddingsHandler(
      Vertx vertx, RequestReader reader, FleetView fleet, EmbeddingService service) {
    this.vertx = vertx;
    this.reader = reader;
    this.fleet = fleet;
    this.service = service;
  }

  @Override
  public void handle(Exchange exchange, byte[] body) {
    reader.read(exchange, body, EmbeddingsFormat::read, asked -> embed(exchange, asked));
  }

  private void embed(Exchange exchange, EmbeddingsFormat.Asked asked) {
    ModelDescription model = model(asked.model());
    if (asked.dimensions().orElse(0) > model.embeddingSize()) {
      throw new ApiException(
          EmbeddingsFormat.tooManyDimensions(asked.dimensions().getAsInt(), model.embeddingSize()));
    }
    EmbeddingService.Running running =
        service.embed(model.id(), asked.inputs(), exchange.caller().scope());
    exchange.whenGone(running::cancel);
    running
        .embeddings()
        .onComplete(
            embeddings -> answer(exchange, asked, model, embeddings),
            problem -> {
              if (problem instanceof EmbeddingService.RefusedException refused) {
                exchange.error(EmbeddingsFormat.describe(refused.refusal(), asked, model.id()));
              } else {
                TextHandler.fail(exchange, problem, "input");
              }
            });
  }

  /** The model asked for, or the first by name that makes embeddings. */
  private ModelDescription model(Optional<String> asked) {
    List<ModelDescription> served = fleet.models();
    Optional<ModelDescription> found =
        served.stream()
            .filter(
                model ->
                    asked.isPresent() ? model.id().equals(asked.get()) : model.embeddingSize() > 0)
            .findFirst();
    if (found.isPresent() && found.get().embeddingSize() > 0) {
      return found.get();
    }
    if (found.isPresent() || (asked.isEmpty() && !served.isEmpty())) {
      throw new ApiException(
          EmbeddingsFormat.notAnEmbeddingModel(
              found.map(ModelDescription::id).orElseGet(() -> served.getFirst().id())));
    }
    boolean ready = fleet.workers().stream().anyMatch(WorkerView::ready);
    throw new ApiException(
        Failures.describe(
            asked.isPresent() && ready
                ? new CompletionFailure.UnknownModel(asked.get())
                : new CompletionFailure.NoWorker(Duration.ofSeconds(1)),
            "input"));
  }

  private void answer(
      Exchange exchange,
      EmbeddingsFormat.Asked asked,
      ModelDescription model,
      List<Embedding> embeddings) {
    int tokens = embeddings.stream().mapToInt(Embedding::promptTokens).sum();
    Usage usage = new Usage(tokens, 0, 0);
    exchange.metrics().finished(usage);
    exchange.used(usage);
    if ((long) embeddings.size() * model.embeddingSize() <= INLINE_NUMBERS) {
      exchange.json(200, EmbeddingsFormat.write(asked, model.id(), embeddings));
      return;
    }
    vertx
        .executeBlocking(() -> EmbeddingsFormat.write(asked, model.id(), embeddings), false)
        .onComplete(bytes -> exchange.json(200, bytes), exchange::fail);
  }
}
