package dev.bitfleet.app.pull;

import dev.bitfleet.app.pull.PullException.Reason;
import dev.bitfleet.app.pull.Repository.RemoteFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One file on its way: from where an earlier attempt left it to whole and checked, through whatever
 * the network does. Blocks.
 */
final class Download {
  private static final int BUFFER = 256 << 10;

  /** Left free beside the file: the next thing to be written is a database's journal. */
  private static final long SPARE_BYTES = 64L << 20;

  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-\\d+/(\\d{1,18}|\\*)");

  private final Hub hub;
  private final Wanted wanted;
  private final String commit;
  private final RemoteFile remote;
  private final PartialFile partial;
  private final Patience patience;
  private final Progress progress;

  Download(
      Hub hub,
      Wanted wanted,
      String commit,
      RemoteFile remote,
      PartialFile partial,
      Patience patience,
      Progress progress) {
    this.hub = hub;
    this.wanted = wanted;
    this.commit = commit;
    this.remote = remote;
    this.partial = partial;
    this.patience = patience;
    this.progress = progress;
  }

  /**
   * Fetches what is missing. When it returns, the partial file is whole and right.
   *
   * @param home whose disk takes it
   */
  void run(Path home) throws PullException, InterruptedException {
    try {
      boolean resumed = partial.size() > 0;
      requireSpace(home);
      fetch();
      if (!partial.right() && resumed) {
        // What an earlier attempt left was spoilt; the whole once more decides.
        progress.say("What an earlier pull left does not fit; fetching all of it again");
        partial.clear();
        requireSpace(home);
        fetch();
      }
      if (!partial.right()) {
        partial.discard();
        throw new PullException(
            Reason.CORRUPT,
            remote.path()
                + " came with other bytes than the repository has (its checksum differs); nothing"
                + " was kept");
      }
    } catch (IOException e) {
      throw disk(e);
    }
  }

  private void requireSpace(Path home) throws IOException, PullException {
    long missing = Math.max(0, remote.bytes() - partial.size());
    long free = Files.getFileStore(home).getUsableSpace();
    if (remote.bytes() >= 0 && missing + SPARE_BYTES > free) {
      throw new PullException(
          Reason.DISK,
          "%s needs %s more, and %s has %s free"
              .formatted(
                  remote.path(), Sizes.write(missing), home.toAbsolutePath(), Sizes.write(free)));
    }
  }

  private void fetch() throws IOException, PullException, InterruptedException {
    if (remote.bytes() >= 0 && partial.size() > remote.bytes()) {
      partial.clear();
    }
    progress.begin(remote.path(), partial.size(), remote.bytes());
    try {
      Duration pause = patience.pause();
      for (int fruitless = 0; !whole(); ) {
        long before = partial.size();
        Optional<Duration> retryAfter = Optional.empty();
        String problem;
        try {
          if (attempt()) {
            return;
          }
          problem = "the connection ended early";
        } catch (Disk e) {
          throw e.cause;
        } catch (Hub.Turned e) {
          problem = String.valueOf(e.getMessage());
          retryAfter = e.retryAfter();
        } catch (IOException e) {
          problem = Optional.ofNullable(e.getMessage()).orElseGet(e::toString);
        }
        boolean came = partial.size() > before;
        fruitless = came ? 0 : fruitless + 1;
        pause = came ? patience.pause() : pause;
        if (fruitless >= patience.attempts()) {
          throw new PullException(
              Reason.UNREACHABLE,
              problem
                  + "; given up after "
                  + fruitless
                  + " attempts. What has come is kept: the same command goes on from there");
        }
        Duration wait =
            retryAfter.filter(each -> each.compareTo(pause(patience)) < 0).orElse(pause);
        progress.say("Trying again in " + Math.max(1, wait.toSeconds()) + " s: " + problem);
        Thread.sleep(wait);
        pause = min(pause.multipliedBy(2), patience.longestPause());
      }
    } finally {
      progress.end();
    }
  }

  private static Duration pause(Patience patience) {
    return patience.longestPause().multipliedBy(4);
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private boolean whole() throws IOException {
    return remote.bytes() >= 0 && partial.size() == remote.bytes();
  }

  /** A failure of our own disk, which trying again does not mend. */
  private static final class Disk extends IOException {
    private static final long serialVersionUID = 1;
    private final IOException cause;

    Disk(IOException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  /** One request. True when the whole file is there as far as the server says. */
  private boolean attempt() throws IOException, PullException, InterruptedException {
    long from = partial.size();
    HttpResponse<InputStream> response =
        hub.open(wanted, commit, remote.path(), from, partial.etag());
    try (InputStream body = response.body()) {
      switch (response.statusCode()) {
        case 206 -> {
          Matcher range =
              CONTENT_RANGE.matcher(response.headers().firstValue("content-range").orElse(""));
          if (!range.matches() || Long.parseLong(range.group(1)) != from) {
            partial.clear();
            throw new IOException("the server sent another part than was asked for");
          }
        }
        case 416 -> {
          // Beyond its end by the server's account: ours is of no use then.
          partial.clear();
          throw new IOException("the server has no bytes beyond " + from);
        }
        default -> {
          // It ignores ranges, or what it has now is another file than the one begun.
          partial.clear();
          partial.etag(response.headers().firstValue("etag"));
        }
      }
      return copy(body, response.headers().firstValueAsLong("content-length").orElse(-1));
    }
  }

  private boolean copy(InputStream body, long expected) throws IOException, PullException {
    byte[] buffer = new byte[BUFFER];
    AtomicLong last = new AtomicLong(System.nanoTime());
    long came = 0;
    try (var ignored = new SilenceWatch(body, last, patience.silence())) {
      for (int n; (n = body.read(buffer)) >= 0; ) {
        last.set(System.nanoTime());
        came += n;
        try {
          partial.append(ByteBuffer.wrap(buffer, 0, n));
        } catch (IOException e) {
          throw new Disk(e);
        }
        if (remote.bytes() >= 0 && partial.size() > remote.bytes()) {
          partial.discard();
          throw new PullException(
              Reason.CORRUPT, remote.path() + " is longer than the repository says");
        }
        progress.at(partial.size());
      }
    }
    return remote.bytes() >= 0 ? whole() : expected < 0 || came == expected;
  }

  private PullException disk(IOException e) {
    String message = Optional.ofNullable(e.getMessage()).orElseGet(e::toString);
    boolean full = message.contains("No space left") || message.contains("quota");
    return new PullException(
        Reason.DISK,
        full
            ? "the disk is full. What has come is kept: make room, and the same command goes on"
            : "the model home cannot be written: "
                + (e instanceof FileSystemException ? e.getClass().getSimpleName() + " " : "")
                + message);
  }
}
