package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.Prompt;
import java.util.List;
import java.util.OptionalInt;

/**
 * A request for embeddings as a dialect understood it, and how to answer it.
 *
 * @param model the model asked for; a name is that of an embedding model
 * @param inputs at least one; none is a text without a character
 * @param field where the request has its inputs
 * @param list whether the input was a list of inputs, which is how errors name one of them
 * @param dimensions numbers wanted of each embedding; empty = all
 */
public record EmbeddingCall(
    ModelWish model,
    List<Prompt> inputs,
    String field,
    boolean list,
    OptionalInt dimensions,
    Answer answer) {

  /** Writes answers. May be used from any thread. */
  @FunctionalInterface
  public interface Answer {
    /**
     * The body.
     *
     * @param model that made them
     * @param embeddings of length 1, in the order of the inputs
     */
    byte[] write(String model, List<Embedding> embeddings);
  }

  public EmbeddingCall {
    inputs = List.copyOf(inputs);
  }

  /** The path of an input, for errors. */
  public String place(int index) {
    return list ? field + '[' + index + ']' : field;
  }
}
