package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.proto.TokenDetail;
import java.util.List;

/** A whole choice. {@code tokens} are there when logprobs were asked for. */
public record ChoiceAnswer(
    CompletionEvent.Opened opened,
    String text,
    List<TokenDetail> tokens,
    CompletionEvent.Finished finished) {}
