package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.routing.ModelWish;

/**
 * What becomes of a request that names a model nobody serves. The routes that servers of a single
 * model had first took any name, and their clients write what their manual's example says: there
 * the default model answers, and the answer says which that is. OpenAI's routes refuse, because
 * whoever misspells a model there wants to hear of it; clients that cannot name one are what the
 * setting is for.
 *
 * @param defaultEverywhere whether OpenAI's routes answer with the default model too
 */
public record UnknownModels(boolean defaultEverywhere) {
  private static final String OPENAI = "/v1/";

  /** Which model a request to that operation means. */
  public ModelWish meant(Operation operation, ModelWish asked) {
    return defaultEverywhere || olderRoute(operation) ? asked.lenient() : asked;
  }

  /** The same request, of the model that it means. */
  public CompletionRequest meant(Operation operation, CompletionRequest request) {
    return request.asking(meant(operation, request.model()));
  }

  /** A conversation's chat is older than the route it now has below OpenAI's conversations. */
  private static boolean olderRoute(Operation operation) {
    return operation == Operation.CREATE_CONVERSATION_CHAT
        || !operation.documentPath().startsWith(OPENAI);
  }
}
