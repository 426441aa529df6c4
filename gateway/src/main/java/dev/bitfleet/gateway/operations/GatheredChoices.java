package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.proto.TokenDetail;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All choices of a completion, gathered from its events. One thread. */
final class GatheredChoices {

  private static final class Gathered {
    CompletionEvent.@Nullable Opened opened;
    final StringBuilder text = new StringBuilder();
    final List<TokenDetail> promptTokens = new ArrayList<>();
    final List<TokenDetail> tokens = new ArrayList<>();
    @Nullable ChoiceAnswer answer;
  }

  private final boolean keepTokens;
  private final List<Gathered> choices = new ArrayList<>();
  private int unfinished;

  /**
   * @param keepTokens whether single tokens are wanted beside the text
   */
  GatheredChoices(CompletionRequest request, boolean keepTokens) {
    this.keepTokens = keepTokens;
    this.unfinished = request.choices();
    for (int i = 0; i < unfinished; i++) {
      choices.add(new Gathered());
    }
  }

  void opened(CompletionEvent.Opened opened) {
    Gathered choice = choices.get(opened.choice());
    choice.opened = opened;
    choice.text.setLength(0);
    choice.promptTokens.clear();
    choice.tokens.clear();
  }

  void promptScored(CompletionEvent.PromptScored scored) {
    choices.get(scored.choice()).promptTokens.addAll(scored.tokens());
  }

  void delta(CompletionEvent.Delta delta) {
    Gathered choice = choices.get(delta.choice());
    choice.text.append(delta.text());
    if (keepTokens) {
      choice.tokens.addAll(delta.tokens());
    }
  }

  /** Whether that was the last. */
  boolean finished(CompletionEvent.Finished finished) {
    Gathered choice = choices.get(finished.choice());
    CompletionEvent.Opened opened = choice.opened;
    if (opened == null) {
      throw new IllegalStateException("finished before it was opened");
    }
    choice.answer =
        new ChoiceAnswer(
            opened, choice.promptTokens, choice.text.toString(), choice.tokens, finished);
    return --unfinished == 0;
  }

  /** By index; all of them once the last has finished. */
  List<ChoiceAnswer> answers() {
    List<ChoiceAnswer> answers = new ArrayList<>(choices.size());
    for (Gathered choice : choices) {
      if (choice.answer != null) {
        answers.add(choice.answer);
      }
    }
    return answers;
  }
}
