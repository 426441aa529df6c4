package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.proto.Prompt;
import java.util.List;

/**
 * What an answer tells beside its text.
 *
 * @param prompts of the request; more than one choice makes the answer a list
 * @param choicesPerPrompt completions of each prompt
 * @param probabilities whether every token is told with its logprob and the likeliest at its place
 * @param tokens whether a whole answer has its token ids, as streams always do
 * @param fields those that the answer has, in llama.cpp's notation; empty = all
 */
record PlainStyle(
    List<Prompt> prompts,
    int choicesPerPrompt,
    boolean probabilities,
    boolean tokens,
    List<String> fields) {

  int choices() {
    return prompts.size() * choicesPerPrompt;
  }

  Prompt promptOf(int choice) {
    return prompts.get(choice / choicesPerPrompt);
  }
}
