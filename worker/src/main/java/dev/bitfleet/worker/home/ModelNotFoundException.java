package dev.bitfleet.worker.home;

/** There is no such model. The message says what there is. */
public final class ModelNotFoundException extends Exception {
  private static final long serialVersionUID = 1;

  public ModelNotFoundException(String message) {
    super(message);
  }
}
