package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.items.Items;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a response had read of a conversation when it began to answer. Conversations go on, and a
 * response that is run again must say what it said before: it reads the same items, or none.
 *
 * <p>An id never names another item, so digests of ids are enough; ids themselves would make a
 * promise several times as long as the turn.
 *
 * @param items digests of the items' ids, in order
 * @param dropped messages that were left out so that the context fits
 */
record SeenHistory(List<Long> items, int dropped) {
  static final SeenHistory NOTHING = new SeenHistory(List.of(), 0);

  private static final ApiError CHANGED =
      ApiError.invalid(
          409,
          "history_changed",
          Optional.of("conversation"),
          "The server was interrupted, and the response cannot be made again: an item of its"
              + " conversation that it had read was deleted meanwhile.");

  private static final ApiError FITS_DIFFERENTLY =
      ApiError.server(
          409,
          "history_changed",
          "The server was interrupted, and the response cannot be made again: the models that are"
              + " there now have another context length, for which other turns would be left out.");

  SeenHistory {
    items = List.copyOf(items);
  }

  static SeenHistory of(List<? extends JsonNode> read, int dropped) {
    MessageDigest sha = sha256();
    return new SeenHistory(read.stream().map(item -> digest(sha, item)).toList(), dropped);
  }

  /**
   * The items that were read, of those there are now, without what came between.
   *
   * @throws ApiException when one of them is not there any more
   */
  List<JsonNode> again(List<? extends JsonNode> now) {
    MessageDigest sha = sha256();
    Map<Long, JsonNode> there = new HashMap<>();
    now.forEach(item -> there.put(digest(sha, item), item));
    List<JsonNode> read = new ArrayList<>(items.size());
    for (Long each : items) {
      JsonNode item = there.get(each);
      if (item == null) {
        throw new ApiException(CHANGED);
      }
      read.add(item);
    }
    return read;
  }

  /** Says that not as much of the context was left out as then. */
  static ApiException fitsDifferently() {
    return new ApiException(FITS_DIFFERENTLY);
  }

  private static long digest(MessageDigest sha, JsonNode item) {
    return ByteBuffer.wrap(sha.digest(Items.idOf(item).getBytes(StandardCharsets.UTF_8))).getLong();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Empty where there is none. */
  static Optional<SeenHistory> read(JsonNode tree) {
    if (tree.isMissingNode()) {
      return Optional.empty();
    }
    ByteBuffer digests =
        ByteBuffer.wrap(Base64.getDecoder().decode(tree.path("items").stringValue()));
    List<Long> items = new ArrayList<>();
    while (digests.hasRemaining()) {
      items.add(digests.getLong());
    }
    return Optional.of(new SeenHistory(items, tree.path("dropped").intValue()));
  }

  ObjectNode json() {
    ByteBuffer digests = ByteBuffer.allocate(Long.BYTES * items.size());
    items.forEach(digests::putLong);
    return JsonMapper.shared()
        .createObjectNode()
        .put("items", Base64.getEncoder().encodeToString(digests.array()))
        .put("dropped", dropped);
  }
}
