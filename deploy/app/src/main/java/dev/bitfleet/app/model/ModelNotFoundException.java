package dev.bitfleet.app.model;

/** There is no such model. The message says where was looked and what there is. */
public final class ModelNotFoundException extends Exception {
  private static final long serialVersionUID = 1;

  ModelNotFoundException(String message) {
    super(message);
  }
}
