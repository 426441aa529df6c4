package dev.bitfleet.worker;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.WorkerCall;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.home.ModelFacts;
import dev.bitfleet.worker.model.ChatRenderer;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.Renderer;
import dev.bitfleet.worker.time.VertxTimers;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Worker} on the bus. Deployed once per engine; everything in it runs on its event loop.
 */
public final class WorkerVerticle extends VerticleBase {
  private final WorkerOptions options;
  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private @Nullable Worker worker;

  public WorkerVerticle(WorkerOptions options) {
    this.options = options;
  }

  @Override
  public Future<?> start() {
    Worker started = new Worker(options, new Bus(vertx, options));
    worker = started;
    EventBus bus = vertx.eventBus();
    String id = options.workerId();
    consumers.add(
        bus.<GenerationRequest>consumer(
            BusAddresses.open(id), message -> started.open(message.body(), message::reply)));
    consumers.add(
        bus.<EmbedRequest>consumer(
            BusAddresses.embed(id), message -> started.embed(message.body(), message::reply)));
    consumers.add(
        bus.<CancelGeneration>consumer(
            BusAddresses.cancel(id), message -> started.cancel(message.body().streamId())));
    consumers.add(
        bus.<String>localConsumer(
            BusAddresses.NODE_LEFT, message -> started.nodeLeft(message.body())));
    consumers.add(
        bus.<PromptNote>consumer(BusAddresses.PROMPTS, message -> started.hear(message.body())));
    consumers.add(new TextDesk(vertx, options, started::askedAboutText).open());
    consumers.add(
        bus.<WorkerCall>consumer(BusAddresses.call(id), message -> onCall(started, message)));
    started.start();
    return Future.join(consumers.stream().map(MessageConsumer::completion).toList());
  }

  private static void onCall(Worker worker, Message<WorkerCall> message) {
    switch (message.body()) {
      case WAKE -> {
        worker.wake();
        message.reply(WorkerCall.WAKE);
      }
      case DRAIN -> worker.drain().onComplete(ignored -> message.reply(WorkerCall.DRAIN));
      case OFFER -> {
        worker.offer();
        message.reply(WorkerCall.OFFER);
      }
    }
  }

  /** Lets open streams end within the drain timeout, fails the rest, and kills the engine. */
  @Override
  public Future<?> stop() {
    Future<?> stopped = worker == null ? Future.succeededFuture() : worker.stop();
    return stopped.compose(
        ignored -> Future.join(consumers.stream().map(MessageConsumer::unregister).toList()));
  }

  /** The bus, the clock and the files of the machine. */
  private static final class Bus extends VertxTimers implements Worker.Surroundings {
    private final Vertx vertx;
    private final WorkerOptions options;

    Bus(Vertx vertx, WorkerOptions options) {
      super(vertx);
      this.vertx = vertx;
      this.options = options;
    }

    @Override
    public Future<Worker.Parts> read() {
      return vertx.executeBlocking(
          () -> {
            ModelFile model = ModelFile.read(options.modelFile());
            return new Worker.Parts(
                model,
                EngineLaunchers.create(vertx, options, model),
                ModelFacts.read(options.modelFile()).quantization());
          });
    }

    @Override
    public Renderer renderer(ModelFile model) {
      return new ChatRenderer(vertx, model);
    }

    @Override
    public void publish(WorkerHeartbeat heartbeat) {
      vertx.eventBus().publish(BusAddresses.HEARTBEATS, heartbeat);
    }

    @Override
    public void publish(PromptNote note) {
      vertx.eventBus().publish(BusAddresses.PROMPTS, note);
    }

    @Override
    public void send(String inbox, GenerationEvent event) {
      vertx.eventBus().send(inbox, event);
    }
  }
}
