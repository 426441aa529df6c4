package dev.bitfleet.worker;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.TextException;
import dev.bitfleet.worker.engine.Tokenization;
import dev.bitfleet.worker.model.ChatTemplateException;
import dev.bitfleet.worker.model.ControlSplit;
import dev.bitfleet.worker.model.ControlTokens;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers questions about text: tokens, templates, and whether a prompt fits. They take no slot and
 * wait for no step of the model, but they share the tokenizer with streams that open, so texts are
 * bounded, and so is how many are being answered at once.
 *
 * <p>Event loop of WorkerVerticle; templates run on the renderer's thread, tokenizing in the
 * engine's process.
 */
final class TextDesk {
  private static final Logger LOG = LoggerFactory.getLogger(TextDesk.class);

  /** UTF-16 units: some hundred milliseconds of tokenizing. */
  static final int MAX_TEXT_UNITS = 1 << 20;

  /** What a text of that length can have at most. */
  static final int MAX_IDS = 1 << 20;

  /** Of a text with parsed control tokens; the engine's protocol takes 65,536. */
  private static final int MAX_SEGMENTS = 60_000;

  static final int MAX_IN_FLIGHT = 32;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Longer texts are searched for control tokens on another thread. */
  private static final int INLINE_UNITS = 16 << 10;

  private static final byte[] NO_BYTES = {};

  private final Vertx vertx;
  private final WorkerOptions options;
  private final Supplier<Optional<Serving>> serving;
  private int inFlight;
  private @Nullable Controls controls;

  /** What is made of a vocabulary once: its control tokens by name and by id. */
  private record Controls(ControlTokens of, ControlSplit split, Map<Integer, String> names) {
    static Controls make(ControlTokens of) {
      Map<Integer, String> names = new HashMap<>();
      of.idOfText().forEach((text, id) -> names.put(id, text));
      return new Controls(of, new ControlSplit(of), names);
    }
  }

  /**
   * @param serving what there is to ask; empty while the worker stops or has no model. Called for
   *     questions about its model only, since that is what wakes it
   */
  TextDesk(Vertx vertx, WorkerOptions options, Supplier<Optional<Serving>> serving) {
    this.vertx = vertx;
    this.options = options;
    this.serving = serving;
  }

  /** Begins to answer. */
  MessageConsumer<TextRequest> open() {
    return vertx.eventBus().consumer(BusAddresses.text(options.workerId()), this::onRequest);
  }

  private void onRequest(Message<TextRequest> message) {
    TextRequest request = message.body();
    if (!options.answersTo(request.model())) {
      // Before anything wakes for it: a question about another model is no use of this one.
      message.reply(new TextReply.Busy("other model"));
      return;
    }
    Optional<Serving> now = serving.get();
    Optional<Engine> engine = now.flatMap(s -> s.supervisor().serving());
    if (now.isEmpty() || engine.isEmpty()) {
      message.reply(new TextReply.Busy("not ready"));
    } else if (inFlight >= MAX_IN_FLIGHT) {
      message.reply(new TextReply.Busy("too many questions at once"));
    } else {
      inFlight++;
      Serving serving = now.get();
      Engine asked = engine.get();
      // What it throws at once is its answer too, or the count would never go down.
      Future.succeededFuture()
          .compose(begin -> answer(request, serving, asked))
          .timeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
          .onComplete(ignored -> inFlight--)
          .onComplete(message::reply, problem -> message.reply(refusal(problem, request)));
    }
  }

  private Future<TextReply> answer(TextRequest request, Serving now, Engine engine) {
    return switch (request) {
      case TextRequest.Tokenize tokenize -> tokenize(tokenize, controls(now), engine);
      case TextRequest.Detokenize detokenize -> detokenize(detokenize, engine);
      case TextRequest.Render render ->
          now.renderer()
              .layOut(render.chat())
              .map(segments -> new TextReply.Text(text(segments, controls(now))));
      case TextRequest.Fit fit ->
          new PromptCount(
                  engine,
                  now.renderer(),
                  fit,
                  now.supervisor()
                      .description()
                      .map(EngineDescription::contextLength)
                      .orElse(options.contextLength()))
              .fit();
    };
  }

  private Future<TextReply> tokenize(TextRequest.Tokenize request, Controls known, Engine engine) {
    if (request.text().length() > MAX_TEXT_UNITS) {
      return tooLong("content", "the text is longer than " + MAX_TEXT_UNITS + " characters");
    }
    Future<List<PromptSegment>> segments;
    if (!request.parseControl()) {
      segments = Future.succeededFuture(List.of(new PromptSegment.Text(request.text())));
    } else if (request.text().length() <= INLINE_UNITS) {
      segments = Future.succeededFuture(known.split().split(request.text()));
    } else {
      segments = vertx.executeBlocking(() -> known.split().split(request.text()), false);
    }
    return segments.compose(
        split ->
            split.size() > MAX_SEGMENTS
                ? tooLong("content", "the text names too many control tokens")
                : engine
                    .tokenize(split, request.addBeginToken(), request.withPieces(), 0)
                    .map(TextDesk::tokens));
  }

  private static TextReply tokens(Tokenization tokens) {
    List<TokenDetail> details = new ArrayList<>(tokens.count());
    for (int i = 0; i < tokens.ids().size(); i++) {
      byte[] piece = tokens.pieces().isEmpty() ? NO_BYTES : tokens.pieces().get(i);
      details.add(new TokenDetail(tokens.ids().get(i), piece, OptionalDouble.empty(), List.of()));
    }
    return new TextReply.Tokens(details);
  }

  private static Future<TextReply> detokenize(TextRequest.Detokenize request, Engine engine) {
    if (request.ids().size() > MAX_IDS) {
      return tooLong("tokens", "there are more than " + MAX_IDS + " tokens");
    }
    return engine
        .detokenize(request.ids())
        .map(bytes -> new TextReply.Text(new String(bytes, StandardCharsets.UTF_8)));
  }

  private static String text(List<PromptSegment> segments, Controls known) {
    StringBuilder text = new StringBuilder();
    for (PromptSegment segment : segments) {
      switch (segment) {
        case PromptSegment.Text stretch -> text.append(stretch.text());
        case PromptSegment.Tokens tokens ->
            tokens.ids().forEach(id -> text.append(known.names().getOrDefault(id, "")));
      }
    }
    return text.toString();
  }

  private Controls controls(Serving now) {
    Controls known = controls;
    if (known == null || known.of() != now.model().controlTokens()) {
      known = Controls.make(now.model().controlTokens());
      controls = known;
    }
    return known;
  }

  private static Future<TextReply> tooLong(String param, String message) {
    return Future.succeededFuture(
        new TextReply.Refused(new OpenReply.Refused(OpenReply.Code.INVALID, message, param)));
  }

  /** Which of the tokens an engine's message is about, which it begins with. */
  private static String tokenIn(String message) {
    int colon = message.startsWith("tokens[") ? message.indexOf(": ") : -1;
    return colon < 0 ? "tokens" : message.substring(0, colon);
  }

  private static TextReply refusal(Throwable problem, TextRequest request) {
    String message = String.valueOf(problem.getMessage());
    return switch (problem) {
      case ChatTemplateException ignored ->
          new TextReply.Refused(new OpenReply.Refused(OpenReply.Code.INVALID, message, "messages"));
      case TextException ignored ->
          new TextReply.Refused(
              new OpenReply.Refused(
                  OpenReply.Code.INVALID,
                  message,
                  switch (request) {
                    case TextRequest.Tokenize ignored2 -> "content";
                    case TextRequest.Detokenize ignored2 -> tokenIn(message);
                    case TextRequest.Render ignored2 -> "messages";
                    case TextRequest.Fit ignored2 -> "prompt";
                  }));
      default -> {
        LOG.debug("a question about text was not answered", problem);
        yield new TextReply.Busy(message);
      }
    };
  }
}
