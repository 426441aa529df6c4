package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import io.vertx.core.Future;
import java.util.List;

/** Keeps an answer before its client hears that it is whole. Event loop only. */
public interface Keeping {

  /** Keeps nothing. */
  Keeping NOTHING =
      new Keeping() {
        @Override
        public Future<Void> keep(AnswerStamp stamp, List<ChoiceAnswer> choices) {
          return Future.succeededFuture();
        }

        @Override
        public void dropped() {}
      };

  /**
   * Called once, when all choices are whole. The answer ends when the future does: in good order,
   * or with the error that it failed with.
   */
  Future<Void> keep(AnswerStamp stamp, List<ChoiceAnswer> choices);

  /** Called instead when there will be no whole answer: it failed, or its client has gone. */
  void dropped();
}
