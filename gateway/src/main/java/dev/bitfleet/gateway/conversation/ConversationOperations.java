package dev.bitfleet.gateway.conversation;

import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.operations.CompletionRunner;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.store.Store;
import io.vertx.core.Vertx;
import java.util.Map;

/** All operations of this room. */
public final class ConversationOperations {
  private final Vertx vertx;
  private final Store store;
  private final ReadBudget reads;
  private final RequestReader reader;
  private final IdempotentRequests repeats;
  private final CompletionRunner runner;
  private final Dialect dialect;

  /**
   * @param dialect reads chat completions
   */
  public ConversationOperations(
      Vertx vertx,
      Store store,
      ReadBudget reads,
      RequestReader reader,
      IdempotentRequests repeats,
      CompletionRunner runner,
      Dialect dialect) {
    this.repeats = repeats;
    this.vertx = vertx;
    this.store = store;
    this.reads = reads;
    this.reader = reader;
    this.runner = runner;
    this.dialect = dialect;
  }

  /** Adds their handlers, that of chat completions among them: some of those are kept. */
  public void addTo(Map<Operation, Handler> handlers) {
    StoredCompletions completions = new StoredCompletions(store, reads, reader, repeats);
    completions.addTo(handlers);
    handlers.put(Operation.CREATE_CHAT_COMPLETION, completions.creating(dialect, runner));
    new ConversationHandlers(vertx, store, reads, reader, repeats).addTo(handlers);
    handlers.put(
        Operation.CREATE_CONVERSATION_CHAT,
        new ConversationChat(store, reads, reader, repeats, dialect, runner, completions));
  }
}
