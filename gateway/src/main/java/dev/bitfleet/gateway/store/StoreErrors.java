package dev.bitfleet.gateway.store;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Shown;
import java.time.Duration;
import java.util.Optional;

/** What the store refuses, in words for clients. */
public final class StoreErrors {
  private StoreErrors() {}

  /** 404, for what never was, is no more, or is somebody else's. */
  public static ApiException notFound(String what, String id) {
    return new ApiException(
        ApiError.invalid(
            404,
            what.replace(' ', '_') + "_not_found",
            Optional.empty(),
            "There is no " + what + " with the id '" + Shown.of(id) + "'."));
  }

  static ApiException unavailable() {
    return new ApiException(
        ApiError.server(
            503,
            "storage_unavailable",
            "The store cannot keep anything now; nothing was changed. See the server's log.",
            Duration.ofSeconds(5)));
  }

  /** The fleet has just started, and not all of its nodes are back. */
  static ApiException rejoining() {
    return new ApiException(
        ApiError.server(
            503,
            "storage_rejoining",
            "The fleet has just started, and what some of its nodes keep is not there yet; nothing"
                + " was changed.",
            Duration.ofSeconds(5)));
  }

  /** It is durable, and cannot be read yet. */
  static ApiException unapplied() {
    return new ApiException(
        ApiError.server(
            503,
            "storage_behind",
            "This has been kept, but cannot be read yet. A repeat with the same Idempotency-Key"
                + " gets its answer as soon as it can; one without a key would be kept again.",
            Duration.ofSeconds(5)));
  }

  /** Nobody knows whether it is durable. */
  static ApiException uncertain() {
    return new ApiException(
        ApiError.server(
            503,
            "storage_uncertain",
            "The disk failed while this was being kept. Whether it was kept shows when the server"
                + " has been started again; until then nothing more is kept.",
            Duration.ofSeconds(60)));
  }

  /** Nobody knows yet whether it is durable; the journal goes on. */
  static ApiException undecided() {
    return new ApiException(
        ApiError.server(
            503,
            "storage_uncertain",
            "The database was lost while this was being kept. Whether it was kept shows when it is"
                + " back; a repeat with the same Idempotency-Key is kept once.",
            Duration.ofSeconds(5)));
  }

  static ApiException full() {
    return new ApiException(
        ApiError.server(
            503,
            "storage_full",
            "The store is full. Delete what is not needed any more, or try again later.",
            Duration.ofSeconds(60)));
  }

  static ApiException conversationBusy() {
    return new ApiException(
        new ApiError(
            409,
            ApiError.INVALID_REQUEST,
            "conversation_busy",
            Optional.empty(),
            "Other requests are using this conversation. Please try again later.",
            Optional.of(Duration.ofSeconds(2))));
  }

  /** Too many wait for the answer of the first. */
  public static ApiException keyBusy() {
    return new ApiException(
        new ApiError(
            409,
            ApiError.INVALID_REQUEST,
            "idempotency_key_in_use",
            Optional.empty(),
            "A request with this idempotency key is still being answered.",
            Optional.of(Duration.ofSeconds(2))));
  }

  /** A key has come with another request than the first time. */
  public static ApiException keyReused() {
    return refused(
        422,
        "idempotency_key_reuse",
        Optional.of("Idempotency-Key"),
        "This idempotency key was used for another request. Use a new key for each request.");
  }

  static ApiException answerTooLarge() {
    return refused(
        409,
        "idempotent_answer_too_large",
        Optional.of("Idempotency-Key"),
        "This request was carried out, but its answer was too large to be kept.");
  }

  static ApiException tooManyConversations(int limit) {
    return refused(
        400,
        "too_many_conversations",
        Optional.empty(),
        "There are " + limit + " conversations already, which is the limit. Delete some.");
  }

  static ApiException conversationFull(String limit) {
    return refused(
        400,
        "conversation_full",
        Optional.empty(),
        "This conversation would have more than " + limit + ". Begin a new one.");
  }

  static ApiException tooLarge(String what, int limit) {
    return refused(
        400,
        "item_too_large",
        Optional.empty(),
        "The " + what + " is larger than the " + limit + " bytes that can be kept.");
  }

  /** A page is to begin behind something that is not there. */
  static ApiException cursorNotFound(String id) {
    return refused(
        400,
        "invalid_parameter",
        Optional.of("after"),
        "Invalid 'after': there is nothing with the id '" + Shown.of(id) + "' in this list.");
  }

  private static ApiException refused(
      int status, String code, Optional<String> param, String message) {
    return new ApiException(ApiError.invalid(status, code, param, message));
  }
}
