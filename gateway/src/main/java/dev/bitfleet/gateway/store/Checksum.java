package dev.bitfleet.gateway.store;

import java.util.zip.CRC32C;

/** What each row of a journal carries of its value: CRC-32C. */
final class Checksum {
  private Checksum() {}

  static long of(byte[] value) {
    CRC32C crc = new CRC32C();
    crc.update(value);
    return crc.getValue();
  }
}
