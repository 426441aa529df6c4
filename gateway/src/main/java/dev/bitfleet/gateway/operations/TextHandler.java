package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.FailedCompletion;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.llamacpp.TextQuestions;
import dev.bitfleet.gateway.dispatch.TextService;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.proto.TextReply;
import io.vertx.core.Vertx;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** {@code /tokenize}, {@code /detokenize} and {@code /apply-template}. Event loop only. */
public final class TextHandler {
  /** Longer answers are written on a worker thread. */
  private static final int INLINE_ITEMS = 8192;

  private final Vertx vertx;
  private final RequestReader reader;
  private final TextService text;
  private final Dialect chats;
  private final TextQuestions questions;
  private final UnknownModels unknown;

  /**
   * @param chats understands the chats whose layout is asked for
   */
  public TextHandler(
      Vertx vertx,
      RequestReader reader,
      TextService text,
      Dialect chats,
      TextQuestions questions,
      UnknownModels unknown) {
    this.vertx = vertx;
    this.reader = reader;
    this.text = text;
    this.chats = chats;
    this.questions = questions;
    this.unknown = unknown;
  }

  /** Adds a handler for each of its operations. */
  public void addTo(Map<Operation, Handler> handlers) {
    handlers.put(
        Operation.TOKENIZE,
        (exchange, body) ->
            ask(
                exchange,
                body,
                questions::tokenize,
                "content",
                TextReply.Tokens.class,
                (asked, reply) -> write(exchange, asked, reply)));
    handlers.put(
        Operation.DETOKENIZE,
        (exchange, body) ->
            ask(
                exchange,
                body,
                questions::detokenize,
                "tokens",
                TextReply.Text.class,
                (asked, reply) -> exchange.json(200, TextQuestions.content(reply))));
    handlers.put(
        Operation.APPLY_TEMPLATE,
        (exchange, body) ->
            ask(
                exchange,
                body,
                json -> TextQuestions.render(chats.read(json).request()),
                "messages",
                TextReply.Text.class,
                (asked, reply) -> exchange.json(200, TextQuestions.prompt(reply))));
  }

  private interface Answering<R> {
    void answer(TextQuestions.Asked asked, R reply);
  }

  private <R extends TextReply> void ask(
      Exchange exchange,
      byte[] body,
      Function<JsonNode, TextQuestions.Asked> understand,
      String field,
      Class<R> answer,
      Answering<R> answering) {
    reader.read(
        exchange,
        body,
        understand,
        asked ->
            exchange.settling(
                text.ask(
                    unknown.meant(exchange.operation(), asked.model()),
                    asked.question(),
                    answer,
                    exchange::settled),
                reply -> answering.answer(asked, reply),
                problem -> fail(exchange, problem, field)));
  }

  private void write(Exchange exchange, TextQuestions.Asked asked, TextReply.Tokens reply) {
    if (reply.tokens().size() <= INLINE_ITEMS) {
      exchange.json(200, TextQuestions.tokens(reply, asked.pieces()));
      return;
    }
    exchange.settling(
        vertx.executeBlocking(() -> TextQuestions.tokens(reply, asked.pieces()), false),
        bytes -> exchange.json(200, bytes));
  }

  /** Answers with what the fleet could not do. */
  static void fail(Exchange exchange, Throwable problem, String field) {
    if (problem instanceof FailedCompletion failed) {
      exchange.error(Failures.describe(failed.failure(), field));
    } else {
      exchange.fail(problem);
    }
  }
}
