package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.worker.engine.AdapterOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Tells one model file from another without reading all of it: SHA-256 over its length and 256
 * blocks spread evenly from its first byte to its last. Never equal to the built-in engine's
 * fingerprint of the same file, for the two do not draw the same tokens.
 *
 * @param hex 16 digits
 */
record ModelFingerprint(String hex, long fileBytes) {
  private static final int BLOCKS = 256;
  private static final int BLOCK_BYTES = 4096;

  /** Of the model alone, or of the model with its adapter at its strength. */
  static ModelFingerprint of(LlamaServerLauncher.Settings settings) throws IOException {
    ModelFingerprint model = of(settings.model().path(), "llama-server");
    if (settings.adapter().isEmpty()) {
      return model;
    }
    AdapterOptions adapter = settings.adapter().get();
    String seed = "%s %s".formatted(model.hex(), (float) adapter.strength());
    return new ModelFingerprint(of(adapter.file(), seed).hex(), model.fileBytes());
  }

  private static ModelFingerprint of(Path file, String engine) throws IOException {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    sha256.update(engine.getBytes(StandardCharsets.UTF_8));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
      ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
      for (int i = 0; i < BLOCKS; i++) {
        block.clear();
        long at = Math.max(0, size - BLOCK_BYTES) / (BLOCKS - 1) * i;
        int n = channel.read(block, i == BLOCKS - 1 ? Math.max(0, size - BLOCK_BYTES) : at);
        if (n > 0) {
          sha256.update(block.flip());
        }
      }
      return new ModelFingerprint(HexFormat.of().formatHex(sha256.digest(), 0, 8), size);
    }
  }
}
