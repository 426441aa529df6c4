package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Dropped;
import dev.bitfleet.gateway.completion.FailedCompletion;
import dev.bitfleet.gateway.completion.Truncation;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.items.ItemMessages;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dispatch.ContextFit;
import dev.bitfleet.gateway.operations.GrammarCompiler;
import dev.bitfleet.gateway.operations.UnknownModels;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.ModelDescription;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.List;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.JsonNode;

/** From a context to what is asked of the fleet: laid out, fitted, and with its grammar. */
final class Preparation {
  private final ContextFit fit;
  private final GrammarCompiler grammars;
  private final UnknownModels unknown;

  Preparation(ContextFit fit, GrammarCompiler grammars, UnknownModels unknown) {
    this.fit = fit;
    this.grammars = grammars;
    this.unknown = unknown;
  }

  /** Ready to be dispatched. */
  record Prepared(CompletionRequest request, Dropped dropped) {}

  /** What went wrong, as clients are told of it. */
  static Throwable told(Throwable why, ResponseCall call) {
    if (!(why instanceof FailedCompletion failed)) {
      return why;
    }
    ApiError error = Failures.describe(failed.failure(), promptField(failed.failure(), call));
    boolean tooLong = failed.failure() instanceof CompletionFailure.ContextLengthExceeded;
    return new ApiException(
        tooLong && !call.truncate()
            ? ApiError.invalid(
                error.status(),
                error.code(),
                error.param(),
                error.message()
                    + " Send \"truncation\": \"auto\" to have the oldest turns left out.")
            : error);
  }

  /** Of a prompt that is too long: the field that is, by itself, as far as can be told. */
  private static String promptField(CompletionFailure failure, ResponseCall call) {
    int instructions = call.instructions().map(String::length).orElse(0);
    boolean alone =
        failure instanceof CompletionFailure.ContextLengthExceeded exceeded
            // No token is shorter than a character, but for those of bytes.
            && instructions >= exceeded.contextLength()
            && instructions > call.input().stream().mapToLong(Preparation::said).sum();
    return alone ? "instructions" : "input";
  }

  private static long said(JsonNode item) {
    long length = item.isString() ? item.stringValue().length() : 0;
    for (JsonNode part : item) {
      length += said(part);
    }
    return length;
  }

  /** The chat of a call; refuses one that has nothing to answer. */
  static List<ChatMessage> chat(ResponseCall call, ContextReader.Context context) {
    List<ChatMessage> chat = call.chat(ItemMessages.of(context.items()));
    if (chat.isEmpty()) {
      throw new ApiException(
          ApiError.invalidParameter(
              "input", "Invalid 'input': expected at least 1 item that the model is told."));
    }
    return chat;
  }

  /** Which model the call means, of those there are now; empty when there is none. */
  String servedModel(ResponseCall call, FleetView fleet) {
    return fleet
        .generating(unknown.meant(Operation.CREATE_RESPONSE, ModelWish.of(call.model())))
        .map(ModelDescription::id)
        .orElse("");
  }

  /**
   * What a call with that context asks of the fleet.
   *
   * @param unwanted whether nobody waits for it any more
   */
  Future<Prepared> prepare(
      ResponseCall call, ContextReader.Context context, long scope, BooleanSupplier unwanted) {
    CompletionRequest asked =
        unknown.meant(Operation.CREATE_RESPONSE, call.completion(chat(call, context), scope));
    return fit.fit(asked, call.truncate() ? Truncation.AUTO : Truncation.DISABLED, unwanted)
        .compose(
            fitted ->
                compiled(call, fitted.request())
                    .map(request -> new Prepared(request, fitted.dropped())));
  }

  private Future<CompletionRequest> compiled(ResponseCall call, CompletionRequest request) {
    Promise<CompletionRequest> ready = Promise.promise();
    grammars.compile(request, call.output(), ready::complete, ready::fail);
    return ready.future();
  }

  /** Refuses what no grammar can be made of, before anything is acknowledged. */
  Future<Void> check(ResponseCall call, ContextReader.Context context) {
    return compiled(call, call.completion(chat(call, context), 0)).mapEmpty();
  }
}
