package dev.bitfleet.worker.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.Priority;
import dev.bitfleet.worker.engine.SequenceRequest;
import org.junit.jupiter.api.Test;

class EngineMessagesTest {
  private static dev.bitfleet.proto.engine.v1.Priority sent(Priority priority) {
    SequenceRequest probe = SequenceRequest.probe(1);
    return EngineMessages.open(
            new SequenceRequest(
                probe.id(),
                probe.prompt(),
                probe.addBeginToken(),
                probe.sampling(),
                probe.maxTokens(),
                probe.stopStrings(),
                probe.stopTokens(),
                probe.ignoreEndTokens(),
                probe.topLogprobs(),
                probe.contextLimit(),
                probe.emitted(),
                probe.cacheScope(),
                probe.grammar(),
                probe.promptScoring(),
                priority))
        .getOpen()
        .getPriority();
  }

  @Test
  void the_engine_is_told_who_may_wait() {
    assertThat(sent(Priority.INTERACTIVE))
        .isEqualTo(dev.bitfleet.proto.engine.v1.Priority.PRIORITY_INTERACTIVE);
    assertThat(sent(Priority.BACKGROUND))
        .isEqualTo(dev.bitfleet.proto.engine.v1.Priority.PRIORITY_BACKGROUND);
  }
}
