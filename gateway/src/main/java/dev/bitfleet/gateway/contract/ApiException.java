package dev.bitfleet.gateway.contract;

/** Carries an {@link ApiError} out of a parser. Costs no stack trace: clients cause it at will. */
public final class ApiException extends RuntimeException {
  private final transient ApiError error;

  public ApiException(ApiError error) {
    super(error.message(), null, false, false);
    this.error = error;
  }

  public ApiError error() {
    return error;
  }
}
