package dev.bitfleet.worker.engine;

import java.time.Duration;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * How the built-in engine shares its memory and its steps among sequences, and what it computes
 * them with. No token depends on it, but for what the KV cache is rounded to.
 *
 * @param kvBytes of the KV cache, at least one sequence's; empty = as much as gives every slot its
 *     whole context
 * @param kvQuant what keys and values are rounded to; the tokens of each are its own
 * @param stepBudget what a step may take while streams wait for its tokens
 * @param kernels the machine must have them; see {@code RunnableKernels}
 */
public record SchedulingOptions(
    OptionalLong kvBytes,
    KvQuant kvQuant,
    Duration stepBudget,
    Speculation speculation,
    KernelSet kernels) {
  public static final SchedulingOptions DEFAULTS =
      new SchedulingOptions(
          OptionalLong.empty(),
          KvQuant.NONE,
          Duration.ofMillis(100),
          Speculation.AUTO,
          KernelSet.AUTO);

  public SchedulingOptions {
    Objects.requireNonNull(kvBytes);
    Objects.requireNonNull(kvQuant);
    Objects.requireNonNull(speculation);
    Objects.requireNonNull(kernels);
    if (kvBytes.isPresent() && kvBytes.getAsLong() < 1 << 20) {
      throw new IllegalArgumentException("a KV cache has a MiB at least");
    }
    if (stepBudget.toMillis() < 1) {
      throw new IllegalArgumentException("a step takes a millisecond at least");
    }
  }

  /** Whether tokens to come are guessed and checked several at a time. */
  public enum Speculation {
    /** Where it pays. */
    AUTO("auto"),
    OFF("off");

    private final String wireName;

    Speculation(String wireName) {
      this.wireName = wireName;
    }

    public String wireName() {
      return wireName;
    }
  }
}
