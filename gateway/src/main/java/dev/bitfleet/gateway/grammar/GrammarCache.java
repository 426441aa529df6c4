package dev.bitfleet.gateway.grammar;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Grammars made lately. Clients send the same schema with every request; making it again would cost
 * more than the rest of the request. Bounded by number and bytes; the longest unused goes first.
 * For one thread (the gateway's event loop).
 */
public final class GrammarCache {
  static final int MAX_ENTRIES = 256;
  static final int MAX_BYTES = 4 * 1024 * 1024;

  private final LinkedHashMap<OutputSpec, Optional<Grammar>> entries =
      new LinkedHashMap<>(16, 0.75f, true);
  private int bytes;

  /** What was put; the outer empty: nothing was, or it has gone. */
  public Optional<Optional<Grammar>> get(OutputSpec spec) {
    return Optional.ofNullable(entries.get(spec));
  }

  /** Keeps what {@link OutputGrammar#of} gave. */
  public void put(OutputSpec spec, Optional<Grammar> grammar) {
    bytes += size(grammar);
    Optional<Grammar> old = entries.put(spec, grammar);
    bytes -= old == null ? 0 : size(old);
    var oldest = entries.entrySet().iterator();
    while (entries.size() > MAX_ENTRIES || bytes > MAX_BYTES) {
      Map.Entry<OutputSpec, Optional<Grammar>> gone = oldest.next();
      bytes -= size(gone.getValue());
      oldest.remove();
    }
  }

  int bytes() {
    return bytes;
  }

  private static int size(Optional<Grammar> grammar) {
    return grammar.map(made -> made.gbnf().length()).orElse(0);
  }
}
