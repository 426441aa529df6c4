package dev.bitfleet.app.chat;

import java.util.Optional;

/** Where a dialogue is held. */
interface Screen extends AutoCloseable {

  /** What the person wrote, or that it is over. */
  sealed interface Line {
    record Text(String text) implements Line {}

    /** Ctrl-C: what was being written is thrown away. */
    record Cancelled() implements Line {}

    /** Ctrl-D, or the end of the input. */
    record End() implements Line {}
  }

  /** Asks for a line, which may have several lines in it. Blocks. */
  Line read(String prompt);

  /** Prints text of the server as it is; made safe here. */
  void piece(String text);

  /** Prints a line of the program itself. */
  void say(String line);

  /** Prints a line that is beside the matter. */
  void aside(String line);

  /** Prints a line about something that went wrong. */
  void complain(String line);

  /**
   * From now on Ctrl-C runs this in place of ending the program; empty gives it back.
   *
   * @param action called on a thread of the terminal
   */
  void onInterrupt(Optional<Runnable> action);

  @Override
  void close();
}
