package dev.bitfleet.app.config;

import java.util.List;

/** What a request to OpenAI's routes gets that names a model nobody serves. */
public enum UnknownModel {
  /** 404. */
  REFUSE("refuse"),
  /** The default model's answer. */
  DEFAULT("default");

  private final List<String> names;

  UnknownModel(String... names) {
    this.names = List.of(names);
  }

  /** What operators call it. */
  public List<String> names() {
    return names;
  }
}
