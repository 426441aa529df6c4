package dev.bitfleet.acceptance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * Ports nobody has, and nobody takes before who asked for them does: each process that runs tests
 * has a block of its own. All lie below those the system hands out, so that no connection takes
 * one.
 */
final class Ports {
  private static final int FIRST = 21_000;
  private static final int BLOCK = 100;
  private static final int BLOCKS = 100;

  /** Whoever listens at a block's first port has the block, until its end. */
  private static final ServerSocket GUARD = guard();

  private static int last;

  private Ports() {}

  private static ServerSocket guard() {
    int begin = (int) (ProcessHandle.current().pid() % BLOCKS);
    for (int i = 0; i < BLOCKS; i++) {
      try {
        return listen(FIRST + (begin + i) % BLOCKS * BLOCK);
      } catch (IOException e) {
        // Somebody else's, then.
      }
    }
    throw new UncheckedIOException(new IOException("no block of ports is free"));
  }

  private static ServerSocket listen(int port) throws IOException {
    return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
  }

  static List<Integer> free(int count) {
    return groups(count, 1);
  }

  /** Each with the next one. */
  static List<Integer> freePairs(int count) {
    return groups(count, 2);
  }

  private static synchronized List<Integer> groups(int count, int size) {
    var found = new ArrayList<Integer>();
    for (int tried = 0; found.size() < count; tried++) {
      if (tried == BLOCK) {
        throw new AssertionError("too few free ports from " + GUARD.getLocalPort());
      }
      if (last + size >= BLOCK) {
        last = 0;
      }
      int port = GUARD.getLocalPort() + last + 1;
      last += size;
      if (isFree(port) && (size == 1 || isFree(port + 1))) {
        found.add(port);
      }
    }
    return found;
  }

  private static boolean isFree(int port) {
    try (ServerSocket free = listen(port)) {
      return free.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
