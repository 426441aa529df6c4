package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dialect.responses.ResponsesDialect;
import dev.bitfleet.gateway.dispatch.TextService;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.operations.UnknownModels;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import io.vertx.core.Future;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code POST /v1/responses/input_tokens}: what the worker itself counts, however much it is; who
 * asks wants to know how much too long it may be. Event loop only.
 */
final class CountInputTokens implements Handler {
  private final RequestReader reader;
  private final ResponsesDialect dialect;
  private final ResponseRuns runs;
  private final TextService text;
  private final UnknownModels unknown;

  CountInputTokens(
      RequestReader reader,
      ResponsesDialect dialect,
      ResponseRuns runs,
      TextService text,
      UnknownModels unknown) {
    this.reader = reader;
    this.dialect = dialect;
    this.runs = runs;
    this.text = text;
    this.unknown = unknown;
  }

  @Override
  public void handle(Exchange exchange, byte[] body) {
    reader.read(
        exchange,
        body,
        tree -> {
          Reach.requireFor(exchange.caller(), tree, false);
          return Reach.requireFor(
              exchange.caller(), dialect.read(tree, ItemIds.randomDigits(), 0, true));
        },
        call -> count(exchange, call));
  }

  private void count(Exchange exchange, ResponseCall call) {
    String tenant = exchange.caller().tenant();
    exchange.settling(
        runs.reads()
            .reading(
                exchange,
                ReadBudget.CONVERSATION,
                () ->
                    history(tenant, call)
                        .compose(history -> runs.contexts().read(tenant, call, history)),
                ContextReader.Context::weight)
            .compose(
                context -> {
                  Prompt.Chat chat =
                      new Prompt.Chat(
                          Preparation.chat(call, context), call.output().descriptions());
                  return text.ask(
                      unknown.meant(exchange.operation(), ModelWish.of(call.model())),
                      id -> TextRequest.Fit.counting(id, chat),
                      TextReply.Fit.class,
                      exchange::settled);
                }),
        fitted -> {
          ObjectNode answer = JsonMapper.shared().createObjectNode();
          answer.put("object", "response.input_tokens");
          answer.put("input_tokens", fitted.promptTokens());
          answer.put("context_length", fitted.contextLength());
          exchange.json(200, JsonMapper.shared().writeValueAsBytes(answer));
        },
        why -> exchange.fail(Preparation.told(why, call)));
  }

  private Future<List<? extends JsonNode>> history(String tenant, ResponseCall call) {
    return call.conversation().isEmpty()
        ? Future.succeededFuture(List.of())
        : runs.archive().conversationItems(tenant, call.conversation().get()).map(items -> items);
  }
}
