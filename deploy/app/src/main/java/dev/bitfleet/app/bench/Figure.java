package dev.bitfleet.app.bench;

import java.util.Locale;

/**
 * One thing that is measured.
 *
 * @param key in the JSON report; a dot parts the names of nested objects
 * @param title in the table
 * @param unit behind the number; may be empty
 * @param digits behind the point
 * @param better whether more or less of it is better
 */
record Figure(String key, String title, String unit, int digits, Better better) {
  static final Figure LOAD = new Figure("load_s", "start to ready", "s", 2, Better.LESS);
  static final Figure TTFT = new Figure("ttft_s", "time to first token", "s", 3, Better.LESS);
  static final Figure PREFILL = new Figure("prefill_tok_s", "prefill", "tok/s", 1, Better.MORE);
  static final Figure DECODE =
      new Figure("decode_tok_s", "decode, 1 stream", "tok/s", 1, Better.MORE);
  static final Figure RECOMPUTED =
      new Figure("second_turn.recomputed", "second turn: recomputed", "tokens", 0, Better.LESS);
  static final Figure RESIDENT =
      new Figure("rss_mb", "resident, all processes", "MB", 0, Better.LESS);
  static final Figure RESIDENT_ENGINE =
      new Figure("rss_engine_mb", "resident, engine alone", "MB", 0, Better.LESS);
  static final Figure BUSY =
      new Figure(
          "beside_busy.decode_tok_s", "decode beside a busy process", "tok/s", 1, Better.MORE);
  static final Figure BUSY_SHARE =
      new Figure("beside_busy.share", "  share of alone", "", 2, Better.MORE);

  /** Which way a figure is good. */
  enum Better {
    MORE,
    LESS
  }

  static Figure decodeAt(int threads) {
    return new Figure(
        "threads." + threads + ".decode_tok_s",
        "decode, 1 stream, " + threads + (threads == 1 ? " thread" : " threads"),
        "tok/s",
        1,
        Better.MORE);
  }

  static Figure prefillAt(int threads) {
    return new Figure(
        "threads." + threads + ".prefill_tok_s",
        "prefill, " + threads + (threads == 1 ? " thread" : " threads"),
        "tok/s",
        1,
        Better.MORE);
  }

  static Figure streams(int count) {
    return new Figure(
        "streams." + count,
        count == 1 ? "1 stream" : count + " streams, together",
        "tok/s",
        1,
        Better.MORE);
  }

  String text(double value) {
    String number = String.format(Locale.ROOT, "%." + digits + "f", value);
    return unit.isEmpty() ? number : number + " " + unit;
  }
}
