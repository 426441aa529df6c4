package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.generate.GenerateDialect;
import dev.bitfleet.gateway.dialect.llamacpp.PlainDialect;
import dev.bitfleet.gateway.dialect.openai.ChatDialect;
import dev.bitfleet.gateway.dialect.openai.TextDialect;
import dev.bitfleet.gateway.http.Handler;
import java.util.Map;
import java.util.function.BiFunction;
import tools.jackson.databind.JsonNode;

/** The operations that only generate, each with the dialect that its route speaks. */
public final class GeneratingOperations {
  private final Contract contract;
  private final DialectSettings settings;
  private final RequestReader reader;
  private final CompletionRunner runner;
  private final IdempotentRequests repeats;

  public GeneratingOperations(
      Contract contract,
      DialectSettings settings,
      RequestReader reader,
      CompletionRunner runner,
      IdempotentRequests repeats) {
    this.repeats = repeats;
    this.contract = contract;
    this.settings = settings;
    this.reader = reader;
    this.runner = runner;
  }

  /** Adds their handlers. */
  public void addTo(Map<Operation, Handler> handlers) {
    add(Operation.CREATE_CHAT_COMPLETION, ChatDialect::new, handlers);
    add(Operation.CREATE_PLAIN_CHAT_COMPLETION, ChatDialect::new, handlers);
    add(Operation.CREATE_API_CHAT_COMPLETION, ChatDialect::refusingTooLarge, handlers);
    add(Operation.CREATE_COMPLETION, TextDialect::new, handlers);
    add(Operation.CREATE_PLAIN_COMPLETION, PlainDialect::new, handlers);
    add(Operation.CREATE_PLAIN_COMPLETIONS, PlainDialect::new, handlers);
    add(Operation.GENERATE_TEXT, GenerateDialect::new, handlers);
  }

  private void add(
      Operation operation,
      BiFunction<Map<String, JsonNode>, DialectSettings, Dialect> dialect,
      Map<Operation, Handler> handlers) {
    handlers.put(
        operation,
        new CompletionHandler(
            reader, dialect.apply(contract.defaults(operation), settings), runner, repeats));
  }
}
