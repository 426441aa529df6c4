package dev.bitfleet.worker.model;

import java.io.IOException;

/** A model file that cannot be read as what it claims to be. The message says where and why. */
public final class ModelFileException extends IOException {
  public ModelFileException(String message) {
    super(message);
  }
}
