package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.proto.TokenDetail;
import java.util.List;

/**
 * A whole choice.
 *
 * @param promptTokens when the request asked for them, see {@link dev.bitfleet.proto.PromptScoring}
 * @param tokens when logprobs were asked for
 */
public record ChoiceAnswer(
    CompletionEvent.Opened opened,
    List<TokenDetail> promptTokens,
    String text,
    List<TokenDetail> tokens,
    CompletionEvent.Finished finished) {}
