package dev.bitfleet.app.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.security.SecureRandom;

/**
 * Two free ports in a row, for a member and its event bus, that are this test's until the end. They
 * lie below those the system hands out, so that no connection takes one, and the port before them
 * is held, so that no other process that looks here does.
 */
final class NodePorts implements AutoCloseable {
  private static final int FIRST = 31_100;
  private static final int TRIPLES = 500;

  private final ServerSocket guard;

  private NodePorts(ServerSocket guard) {
    this.guard = guard;
  }

  static NodePorts free() {
    int begin = new SecureRandom().nextInt(TRIPLES);
    for (int tried = 0; tried < TRIPLES; tried++) {
      int port = FIRST + (begin + tried) % TRIPLES * 3;
      try {
        ServerSocket guard = listen(port);
        try (var member = listen(port + 1);
            var bus = listen(port + 2)) {
          return new NodePorts(guard);
        } catch (IOException taken) {
          guard.close();
        }
      } catch (IOException taken) {
        // Somebody else's, then.
      }
    }
    throw new AssertionError("no two ports in a row are free from " + FIRST);
  }

  private static ServerSocket listen(int port) throws IOException {
    return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
  }

  int member() {
    return guard.getLocalPort() + 1;
  }

  int bus() {
    return member() + 1;
  }

  /** Somebody who has the bus's port. */
  ServerSocket takeBus() throws IOException {
    return listen(bus());
  }

  @Override
  public void close() throws IOException {
    guard.close();
  }
}
