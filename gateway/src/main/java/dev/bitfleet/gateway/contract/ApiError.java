package dev.bitfleet.gateway.contract;

import java.time.Duration;
import java.util.Optional;

/**
 * An error as clients get it: {@code {"error":{"message","type","param","code"}}}.
 *
 * @param status HTTP status
 * @param type class of error, as OpenAI names them
 * @param code what exactly it is, for programs
 * @param param path of the field at fault, as {@code messages[0].content}
 * @param message for people; never holds what may be secret
 * @param retryAfter when to come back, with 429 and 503
 */
public record ApiError(
    int status,
    String type,
    String code,
    Optional<String> param,
    String message,
    Optional<Duration> retryAfter) {

  public ApiError {
    // Both may repeat what a client wrote.
    message = Shown.line(message);
    param = param.map(Shown::line);
  }

  /** The request is at fault. */
  public static final String INVALID_REQUEST = "invalid_request_error";

  /** Too much is asked for at once. */
  public static final String RATE_LIMIT = "rate_limit_error";

  /** We are at fault, or not able now. */
  public static final String SERVER = "server_error";

  /** 400: a field has a value it must not have. */
  public static ApiError invalidParameter(String param, String message) {
    return invalid(400, "invalid_parameter", Optional.of(param), message);
  }

  /** 400: a field is missing. */
  public static ApiError missingParameter(String param) {
    return invalid(
        400,
        "missing_required_parameter",
        Optional.of(param),
        "Missing required parameter: '" + param + "'.");
  }

  /** 400: a field is known, but this server cannot do what it asks for. */
  public static ApiError unsupportedParameter(String param, String message) {
    return invalid(400, "unsupported_parameter", Optional.of(param), message);
  }

  /** An error of the request as such. */
  public static ApiError invalid(int status, String code, Optional<String> param, String message) {
    return new ApiError(status, INVALID_REQUEST, code, param, message, Optional.empty());
  }

  /** An error of ours. */
  public static ApiError server(int status, String code, String message) {
    return new ApiError(status, SERVER, code, Optional.empty(), message, Optional.empty());
  }

  /** An error of ours that passes. */
  public static ApiError server(int status, String code, String message, Duration retryAfter) {
    return new ApiError(status, SERVER, code, Optional.empty(), message, Optional.of(retryAfter));
  }
}
