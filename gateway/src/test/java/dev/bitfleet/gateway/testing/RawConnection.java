package dev.bitfleet.gateway.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A socket, for what no decent HTTP client would send. */
public final class RawConnection implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;

  /**
   * @param receiveBufferBytes small for a slow reader; 0 = the system's
   */
  public RawConnection(int port, int receiveBufferBytes) {
    try {
      socket = new Socket();
      if (receiveBufferBytes > 0) {
        socket.setReceiveBufferSize(receiveBufferBytes);
      }
      socket.setSoTimeout(30_000);
      socket.setTcpNoDelay(true);
      socket.connect(new InetSocketAddress("127.0.0.1", port), 5000);
      in = new BufferedInputStream(socket.getInputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public RawConnection(int port) {
    this(port, 0);
  }

  public RawConnection send(String text) {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  public RawConnection send(byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** POSTs JSON. */
  public RawConnection post(String path, String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    return send("POST "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length
            + "\r\n\r\n")
        .send(body);
  }

  /**
   * Reads until that text has come, and returns all that came; fails when the stream ends before.
   */
  public String readUntil(String marker) {
    byte[] wanted = marker.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    int matched = 0;
    try {
      while (matched < wanted.length) {
        int b = in.read();
        if (b < 0) {
          throw new AssertionError(
              "ended before \"" + marker + "\": " + read.toString(StandardCharsets.UTF_8));
        }
        read.write(b);
        // Exact for markers whose beginning does not come again within them, which all in use are.
        matched = b == wanted[matched] ? matched + 1 : b == wanted[0] ? 1 : 0;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read.toString(StandardCharsets.UTF_8);
  }

  /**
   * Reads until so many bytes have come, steadily and not fast; fewer when the stream ends before.
   *
   * @param perRound bytes read at a time, with a fiftieth of a second between two of them
   */
  public int readSteadily(int bytes, int perRound) {
    byte[] round = new byte[perRound];
    int read = 0;
    try {
      while (read < bytes) {
        int more = in.readNBytes(round, 0, Math.min(perRound, bytes - read));
        if (more == 0) {
          break;
        }
        read += more;
        LockSupport.parkNanos(20_000_000);
      }
    } catch (SocketException e) {
      // reset
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read;
  }

  /** Reads to the end, or to a reset, which ends a connection too. */
  public String readAll() {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    try {
      in.transferTo(read);
    } catch (SocketException e) {
      // reset
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read.toString(StandardCharsets.UTF_8);
  }

  /** How long until the other side closes; what it sends is thrown away. */
  public Duration timeUntilClosed() {
    long began = System.nanoTime();
    readAll();
    return Duration.ofNanos(System.nanoTime() - began);
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
