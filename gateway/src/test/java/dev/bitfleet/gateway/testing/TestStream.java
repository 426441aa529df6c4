package dev.bitfleet.gateway.testing;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import io.vertx.core.Context;
import io.vertx.core.eventbus.Message;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One stream of a {@link TestWorker}, treated as its behaviour says. On the worker's context. */
final class TestStream {
  private final Context context;
  private final TestPace pace;
  private final String fingerprint;
  private final GenerationRequest request;
  private final Behaviour behaviour;
  private final Consumer<TestStream> whenClosed;
  private int token;

  /** Of those, how many this stream has sent itself. */
  private int tokensOfAttempt;

  private int event;
  private int cancelsToIgnore;
  private boolean ended;
  private @Nullable Message<GenerationRequest> lateAnswer;

  TestStream(
      Context context,
      TestPace pace,
      String fingerprint,
      GenerationRequest request,
      Behaviour behaviour,
      Consumer<TestStream> whenClosed) {
    this.context = context;
    this.pace = pace;
    this.fingerprint = fingerprint;
    this.request = request;
    this.behaviour = behaviour;
    this.whenClosed = whenClosed;
    this.token = request.continuation().map(c -> c.emitted().size()).orElse(0);
    this.cancelsToIgnore =
        behaviour instanceof Behaviour.IgnoreCancels ignore ? ignore.cancels() : 0;
  }

  String id() {
    return request.streamId();
  }

  /** Answers the open and begins. */
  void begin(Message<GenerationRequest> message) {
    if (behaviour instanceof Behaviour.AnswerLate) {
      lateAnswer = message;
    } else {
      accept(message);
    }
    if (request.promptScoring() != PromptScoring.NONE) {
      scorePrompt();
    }
    if (request.promptScoring() == PromptScoring.ALONE) {
      finish(FinishReason.LENGTH);
    } else {
      step();
    }
  }

  /** Ends it, if it hears. */
  void cancel() {
    if (cancelsToIgnore-- <= 0) {
      finish(FinishReason.CANCELLED);
    }
  }

  /** In two events where there are two tokens, as a prompt comes in chunks. */
  private void scorePrompt() {
    List<TokenDetail> tokens = TestTokens.scoredPrompt(request, pace.prefix);
    int half = tokens.size() / 2;
    for (List<TokenDetail> part :
        List.of(tokens.subList(0, half), tokens.subList(half, tokens.size()))) {
      if (!part.isEmpty()) {
        send(request.inbox(), new GenerationEvent.PromptScored(request.streamId(), event++, part));
      }
    }
  }

  private void accept(Message<GenerationRequest> message) {
    message.reply(
        new OpenReply.Accepted(
            TestWorker.PROMPT.promptTokens(),
            TestWorker.PROMPT.cachedTokens(),
            fingerprint,
            request.prompt().hashCode()));
  }

  /** Goes on for a turn, and has itself called for the next. */
  void step() {
    for (int i = 0; i < pace.tokensPerTurn; i++) {
      if (pace.paused || pace.silent || ended) {
        return;
      }
      if (!next()) {
        return;
      }
    }
    if (pace.pauseMillis > 0) {
      context.owner().setTimer(pace.pauseMillis, timer -> step());
    } else {
      context.runOnContext(ignored -> step());
    }
  }

  /** Whether the stream goes on by itself. */
  private boolean next() {
    if (misbehave()) {
      return false;
    }
    if (behaviour instanceof Behaviour.Say say) {
      return say(say);
    }
    int limit = request.maxTokens() == 0 ? TestWorker.NATURAL_LENGTH : request.maxTokens();
    if (token >= limit) {
      finish(request.maxTokens() == 0 ? FinishReason.STOP_TOKEN : FinishReason.LENGTH);
      return false;
    }
    String word = TestTokens.word(request.prompt(), request.sampling().seed(), token);
    for (String stop : request.stopStrings()) {
      if (word.contains(stop)) {
        finish(FinishReason.STOP_STRING);
        return false;
      }
    }
    sendToken(word, TestTokens.LOGPROB);
    if (lateAnswer != null && token == 2) {
      accept(lateAnswer);
      lateAnswer = null;
    }
    return true;
  }

  private boolean say(Behaviour.Say say) {
    if (token >= say.pieces().size()) {
      finish(say.reason());
      return false;
    }
    sendToken(say.pieces().get(token), say.logprob());
    return true;
  }

  private void sendToken(String word, double logprob) {
    send(
        request.inbox(),
        new GenerationEvent.Delta(
            request.streamId(),
            event++,
            word.repeat(pace.textRepeat),
            List.of(TestTokens.detail(request, word, token, logprob)),
            false));
    token++;
    tokensOfAttempt++;
    pace.sent++;
  }

  private boolean misbehave() {
    String inbox = request.inbox();
    String streamId = request.streamId();
    switch (behaviour) {
      case Behaviour.FailAfter(int tokens, var cause) when tokensOfAttempt == tokens -> {
        close();
        send(inbox, new GenerationEvent.Failed(streamId, event++, cause, "as the script says"));
        return true;
      }
      case Behaviour.SkipAfter(int tokens) when tokensOfAttempt == tokens -> {
        event++;
        return false;
      }
      case Behaviour.StallAfter(int tokens) when tokensOfAttempt == tokens -> {
        return true;
      }
      case Behaviour.VanishAfter(int tokens) when tokensOfAttempt == tokens -> {
        pace.silent = true;
        close();
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  /** Ends it for that reason. */
  void finish(FinishReason reason) {
    close();
    List<String> stops = request.stopStrings();
    send(
        request.inbox(),
        new GenerationEvent.Finished(
            request.streamId(),
            event++,
            reason,
            reason == FinishReason.STOP_STRING ? stops.getFirst() : "",
            new Usage(TestWorker.PROMPT.promptTokens(), TestWorker.PROMPT.cachedTokens(), token),
            5000,
            token * 1000L));
  }

  private void close() {
    ended = true;
    whenClosed.accept(this);
  }

  private void send(String inbox, GenerationEvent sent) {
    context.owner().eventBus().send(inbox, sent);
  }
}
