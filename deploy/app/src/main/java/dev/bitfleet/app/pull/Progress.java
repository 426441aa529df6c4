package dev.bitfleet.app.pull;

/** What a person is told while bytes come. Called from the thread that pulls. */
public interface Progress {
  /** A sentence of its own. */
  void say(String line);

  /** A file begins. */
  void begin(String file, long done, long total);

  /** So much of it is on the disk. */
  void at(long done);

  /** It ended, well or not. */
  void end();
}
