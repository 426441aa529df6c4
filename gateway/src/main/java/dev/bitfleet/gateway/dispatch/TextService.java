package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.FailedCompletion;
import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.gateway.routing.RouteWish;
import dev.bitfleet.gateway.routing.Router;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Asks workers about text. Any ready worker of the model will do; one that does not answer is given
 * up for another once, and while there is none, one is waited for as completions wait for one.
 * Event loop of the gateway's verticle.
 */
public final class TextService {
  /** A worker answers most questions within milliseconds; megabytes of text take a second. */
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  /**
   * Questions put at once for each worker: a few, because streams that open need the same
   * tokenizer.
   */
  private static final int AT_ONCE = 4;

  /** Of texts that wait for their turn, as characters in memory. */
  private static final long MOST_BYTES = 64L << 20;

  private static final int LOST_ANSWERS = 2;
  private static final long PAUSE_MILLIS = 25;

  private final Vertx vertx;
  private final Dispatcher dispatcher;
  private final TextLine line;

  /**
   * @param most questions that may wait, beside those being answered; further ones fail as
   *     completions do when the queue is full
   */
  public TextService(Vertx vertx, Dispatcher dispatcher, int most) {
    this.vertx = vertx;
    this.dispatcher = dispatcher;
    this.line = new TextLine(most + AT_ONCE, MOST_BYTES);
  }

  /**
   * Puts a question.
   *
   * @param model the model asked for
   * @param question for a model id
   * @param answer the kind of reply the question has
   * @param unwanted whether nobody waits for the answer any more: then it may fail unasked
   * @return fails with {@link FailedCompletion}
   */
  public <R extends TextReply> Future<R> ask(
      ModelWish model,
      Function<String, TextRequest> question,
      Class<R> answer,
      BooleanSupplier unwanted) {
    long bytes = bytes(question.apply(""));
    if (bytes > MOST_BYTES) {
      return Future.failedFuture(
          new FailedCompletion(
              new CompletionFailure.Invalid("The text is larger than any model could read.", "")));
    }
    if (!line.enter(bytes)) {
      dispatcher.metrics().rejected("text_queue_full");
      return Future.failedFuture(
          new FailedCompletion(new CompletionFailure.QueueFull(dispatcher.retryAfter())));
    }
    Asking<R> asking = new Asking<>(model, question, answer, unwanted);
    asking.tryNext();
    return asking.promise.future().andThen(answered -> line.leave(bytes));
  }

  private int atOnce() {
    long ready = dispatcher.fleet().workers().stream().filter(WorkerView::ready).count();
    return AT_ONCE * (int) Math.max(1, ready);
  }

  /** What the text of a question takes in memory, roughly. */
  private static long bytes(TextRequest question) {
    return switch (question) {
      case TextRequest.Tokenize tokenize -> 2L * tokenize.text().length();
      case TextRequest.Detokenize detokenize -> 16L * detokenize.ids().size();
      case TextRequest.Render render -> bytes(render.chat());
      case TextRequest.Fit fit -> bytes(fit.prompt());
    };
  }

  private static long bytes(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Text text -> 2L * text.text().length();
      case Prompt.Tokens tokens -> 16L * tokens.ids().size();
      case Prompt.Chat chat -> {
        long bytes = 0;
        for (ChatMessage message : chat.messages()) {
          bytes += 64 + 2L * message.content().length();
          for (ToolCall call : message.toolCalls()) {
            bytes += 64 + 2L * call.arguments().length();
          }
        }
        for (ToolDescription tool : chat.tools()) {
          bytes += 64 + 2L * (tool.description().length() + tool.parameters().length());
        }
        yield bytes;
      }
    };
  }

  private final class Asking<R extends TextReply> {
    private final ModelWish model;
    private final Function<String, TextRequest> question;
    private final Class<R> answer;
    private final Promise<R> promise = Promise.promise();
    private final Set<String> excluded = new HashSet<>();
    private final BooleanSupplier unwanted;
    private final long beganNanos = dispatcher.now();
    private int lostAnswers;

    Asking(
        ModelWish model,
        Function<String, TextRequest> question,
        Class<R> answer,
        BooleanSupplier unwanted) {
      this.unwanted = unwanted;
      this.model = model;
      this.question = question;
      this.answer = answer;
    }

    void tryNext() {
      switch (dispatcher.supply(model)) {
        case ModelSupply.Serving serving -> {
          Optional<WorkerView> worker =
              Router.choose(
                  dispatcher.fleet().workers(),
                  RouteWish.uncached(serving.model(), excluded, dispatcher.node()));
          if (worker.isPresent()) {
            line.await(() -> ask(worker.get().id(), serving.model()), atOnce());
          } else {
            wait(new CompletionFailure.NoWorker(dispatcher.retryAfter()));
          }
        }
        // It has just been told to wake.
        case ModelSupply.Idle ignored ->
            wait(
                dispatcher.limits().queueTimeout(),
                new CompletionFailure.ModelLoading(dispatcher.retryAfter()));
        case ModelSupply.Awaited awaited ->
            wait(
                awaited.everServed()
                    ? new CompletionFailure.NoWorker(dispatcher.retryAfter())
                    : new CompletionFailure.ModelLoading(dispatcher.retryAfter()));
        case ModelSupply.Unknown ignored ->
            fail(new CompletionFailure.UnknownModel(model.name().orElse("")));
        case ModelSupply.Lost ignored ->
            fail(new CompletionFailure.NoWorker(dispatcher.retryAfter()));
      }
    }

    private void wait(CompletionFailure otherwise) {
      wait(dispatcher.limits().workerWait(), otherwise);
    }

    private void wait(Duration atMost, CompletionFailure otherwise) {
      if (dispatcher.now() - beganNanos > atMost.toNanos()) {
        fail(otherwise);
      } else {
        excluded.clear();
        dispatcher.later(PAUSE_MILLIS, this::tryNext);
      }
    }

    private void ask(String workerId, String served) {
      boolean late = dispatcher.now() - beganNanos > dispatcher.limits().queueTimeout().toNanos();
      if (late || unwanted.getAsBoolean()) {
        line.answered(atOnce());
        fail(new CompletionFailure.QueueTimeout(dispatcher.retryAfter()));
        return;
      }
      dispatcher
          .unanswered()
          .of(
              workerId,
              vertx
                  .eventBus()
                  .<TextReply>request(
                      BusAddresses.text(workerId),
                      question.apply(served),
                      new DeliveryOptions().setSendTimeout(TIMEOUT.toMillis())))
          .map(Message::body)
          .andThen(reply -> line.answered(atOnce()))
          .onComplete(reply -> answered(workerId, reply), lost -> lost(workerId));
    }

    private void answered(String workerId, TextReply reply) {
      switch (reply) {
        case TextReply.Busy ignored -> {
          excluded.add(workerId);
          tryNext();
        }
        case TextReply.Refused refused -> fail(failure(refused.refusal()));
        default -> {
          if (answer.isInstance(reply)) {
            promise.complete(answer.cast(reply));
          } else {
            lost(workerId);
          }
        }
      }
    }

    private void lost(String workerId) {
      excluded.add(workerId);
      if (++lostAnswers < LOST_ANSWERS) {
        tryNext();
      } else {
        fail(new CompletionFailure.NoWorker(dispatcher.retryAfter()));
      }
    }

    private void fail(CompletionFailure failure) {
      promise.fail(new FailedCompletion(failure));
    }
  }

  /** What a worker's refusal is called in the gateway. */
  static CompletionFailure failure(OpenReply.Refused refusal) {
    return switch (refusal.code()) {
      case CONTEXT_LENGTH_EXCEEDED ->
          new CompletionFailure.ContextLengthExceeded(
              refusal.promptTokens(), refusal.contextLength());
      case EMPTY_PROMPT -> new CompletionFailure.EmptyPrompt(refusal.message());
      case INVALID -> new CompletionFailure.Invalid(refusal.message(), refusal.param());
      case PROMPT_QUARANTINED -> new CompletionFailure.PromptQuarantined(refusal.message());
    };
  }
}
