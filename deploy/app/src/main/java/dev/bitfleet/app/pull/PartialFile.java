package dev.bitfleet.app.pull;

import dev.bitfleet.app.pull.Repository.RemoteFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A file that is not whole yet: {@code .pull/HASH.partial} in the model home, so that it is on the
 * same file system as its target and can be renamed into place. Named by the hash of what it will
 * be: a partial of another version is another file. Held by one process at a time.
 */
final class PartialFile implements AutoCloseable {
  private static final String FOLDER = ".pull";
  private static final int BUFFER = 1 << 20;

  // A file lock belongs to the whole JVM and does not keep its threads apart.
  private static final Map<Path, ReentrantLock> HELD = new ConcurrentHashMap<>();

  private final Path path;
  private final RemoteFile remote;
  private final FileChannel lockFile;
  private final FileLock lock;
  private final ReentrantLock inProcess;
  private final FileChannel channel;

  private PartialFile(
      Path path,
      RemoteFile remote,
      FileChannel lockFile,
      FileLock lock,
      ReentrantLock inProcess,
      FileChannel channel) {
    this.path = path;
    this.remote = remote;
    this.lockFile = lockFile;
    this.lock = lock;
    this.inProcess = inProcess;
    this.channel = channel;
  }

  /**
   * Takes hold of it, and creates it when it is not there. Waits for another process that has it.
   *
   * @param waiting is run once before a wait
   */
  static PartialFile open(Path home, RemoteFile remote, String key, Runnable waiting)
      throws IOException, InterruptedException {
    Path folder = Files.createDirectories(home.resolve(FOLDER));
    Path path = folder.resolve(key + ".partial");
    ReentrantLock inProcess =
        HELD.computeIfAbsent(path.toAbsolutePath(), ignored -> new ReentrantLock());
    if (!inProcess.tryLock()) {
      waiting.run();
      inProcess.lockInterruptibly();
    }
    FileChannel lockFile = null;
    try {
      lockFile =
          FileChannel.open(
              folder.resolve(key + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = lockFile.tryLock();
      if (lock == null) {
        waiting.run();
        lock = lockFile.lock();
      }
      FileChannel channel =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      return new PartialFile(path, remote, lockFile, lock, inProcess, channel);
    } catch (IOException | RuntimeException e) {
      if (lockFile != null) {
        lockFile.close();
      }
      inProcess.unlock();
      throw e;
    }
  }

  /** Bytes that are there. */
  long size() throws IOException {
    return channel.size();
  }

  /** Appends. */
  void append(ByteBuffer bytes) throws IOException {
    channel.position(channel.size());
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Forgets everything. */
  void clear() throws IOException {
    channel.truncate(0);
    Files.deleteIfExists(etagFile());
  }

  /** The strong etag the bytes came with; empty when they came without. */
  Optional<String> etag() {
    try {
      return Optional.of(Files.readString(etagFile()).strip())
          .filter(text -> text.matches("\"[\\x21\\x23-\\x7e]{1,200}\""));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  void etag(Optional<String> etag) throws IOException {
    Optional<String> strong = etag.filter(text -> text.startsWith("\""));
    if (strong.isPresent()) {
      Files.writeString(etagFile(), strong.get());
    } else {
      Files.deleteIfExists(etagFile());
    }
  }

  private Path etagFile() {
    return path.resolveSibling(path.getFileName() + ".etag");
  }

  /** Whether the bytes are those of the repository. */
  boolean right() throws IOException {
    if (remote.sha256().isPresent()) {
      return digest("SHA-256", "").equals(remote.sha256().get());
    }
    return remote.gitBlob().isEmpty()
        || digest("SHA-1", "blob " + size() + "\0").equals(remote.gitBlob().get());
  }

  String sha256() throws IOException {
    return digest("SHA-256", "");
  }

  private String digest(String algorithm, String prefix) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + algorithm, e);
    }
    digest.update(prefix.getBytes(StandardCharsets.US_ASCII));
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    for (long at = 0, n; (n = channel.read(buffer.clear(), at)) > 0; at += n) {
      digest.update(buffer.flip());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Puts it into place: on the disk first, then whole under its name. */
  void moveTo(Path target) throws IOException {
    channel.force(true);
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException("no folder of " + target);
    }
    Files.createDirectories(folder);
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
    Files.deleteIfExists(etagFile());
    // The name is on the disk when the folder is.
    try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  /** Deletes it; nothing of it can be used. */
  void discard() throws IOException {
    clear();
    Files.deleteIfExists(path);
  }

  /** Lets go of it; what is there stays for the next time. */
  @Override
  public void close() throws IOException {
    try {
      if (channel.isOpen() && channel.size() == 0) {
        Files.deleteIfExists(path);
      }
      channel.close();
      lock.release();
      lockFile.close();
    } finally {
      inProcess.unlock();
    }
  }
}
