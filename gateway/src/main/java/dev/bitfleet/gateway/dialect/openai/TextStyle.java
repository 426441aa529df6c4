package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TokenDetail;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What the choices of a completion's answer look like.
 *
 * @param prompts of the request
 * @param shown choices of each prompt that the client gets
 * @param generated choices of each prompt that are made; the best of them are shown
 * @param logprobs whether every token is told with its logprob
 * @param echo whether the prompt goes before its completion
 */
record TextStyle(List<Prompt> prompts, int shown, int generated, boolean logprobs, boolean echo) {

  /** The prompt's text, as far as it is known without asking an engine. */
  String promptText(int generatedChoice) {
    return prompts.get(generatedChoice / generated) instanceof Prompt.Text text ? text.text() : "";
  }

  /**
   * The first tokens of a prompt without the begin token that the model's tokenizer put before a
   * text: the caller did not write it.
   */
  List<TokenDetail> withoutBegin(int generatedChoice, List<TokenDetail> first) {
    if (first.isEmpty() || spelt(generatedChoice)) {
      return first;
    }
    byte[] begin = first.getFirst().bytes();
    byte[] text = promptText(generatedChoice).getBytes(StandardCharsets.UTF_8);
    boolean written =
        begin.length <= text.length && Arrays.equals(begin, 0, begin.length, text, 0, begin.length);
    return written ? first : first.subList(1, first.size());
  }

  /** Whether that prompt's text comes from its tokens, since it was given by their ids. */
  boolean spelt(int generatedChoice) {
    return !(prompts.get(generatedChoice / generated) instanceof Prompt.Text);
  }
}
