package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Shown;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One request's references to items, each replaced by a copy of its item. Whatever holds several of
 * the items is read once. Event loop only.
 */
final class References {
  private final ResponseArchive archive;
  private final String tenant;
  private final ResponseCall call;
  private final List<? extends JsonNode> before;
  private final ContextBudget budget;

  /** What is referred to, as far as it has been found. */
  private final Map<String, ObjectNode> found = new HashMap<>();

  private final Set<String> wanted = new HashSet<>();

  /** Ids that have been looked for, with all that are kept beside them. */
  private final Set<String> looked = new HashSet<>();

  private final List<ObjectNode> done = new ArrayList<>();

  /**
   * @param before what stands before the input, where items may be found as well
   */
  References(
      ResponseArchive archive,
      String tenant,
      ResponseCall call,
      List<? extends JsonNode> before,
      ContextBudget budget) {
    this.archive = archive;
    this.tenant = tenant;
    this.call = call;
    this.before = before;
    this.budget = budget;
  }

  /** The request's input without references. */
  Future<List<ObjectNode>> resolved() {
    for (ObjectNode item : call.input()) {
      if (refers(item)) {
        wanted.add(Items.idOf(item));
      }
    }
    take(before);
    looked.addAll(found.keySet());
    try {
      return resolved(0);
    } catch (ApiException e) {
      return Future.failedFuture(e);
    }
  }

  private static boolean refers(ObjectNode item) {
    return Items.typeOf(item).equals(Items.ITEM_REFERENCE);
  }

  private void take(Iterable<? extends JsonNode> items) {
    for (JsonNode item : items) {
      if (item instanceof ObjectNode object && wanted.contains(Items.idOf(object))) {
        found.putIfAbsent(Items.idOf(object), object);
      }
    }
  }

  private Future<List<ObjectNode>> resolved(int from) {
    List<ObjectNode> input = call.input();
    for (int i = from; i < input.size(); i++) {
      ObjectNode item = input.get(i);
      String id = Items.idOf(item);
      if (!refers(item)) {
        budget.add(item, "input[" + i + "]");
        done.add(item);
        continue;
      }
      if (looked.add(id)) {
        int index = i;
        return looked(id, index)
            .recover(why -> Future.failedFuture(isMissing(why) ? noItem(id, index) : why))
            .compose(
                items -> {
                  take(items);
                  // What it holds is found now, or is not there.
                  looked.addAll(found.keySet());
                  return resolved(index);
                });
      }
      ObjectNode named = found.get(id);
      if (named == null) {
        return Future.failedFuture(noItem(id, i));
      }
      budget.add(named, "input[" + i + "]");
      done.add(copy(named, call.digits(), i));
    }
    return Future.succeededFuture(done);
  }

  /** The items that are wanted of whatever holds that one. */
  private Future<List<ObjectNode>> looked(String id, int index) {
    Optional<String> conversation = ItemIds.conversationOf(id);
    if (conversation.isPresent()) {
      return archive.conversationItems(tenant, conversation.get(), wanted);
    }
    Optional<String> owner = ItemIds.ownerOf(id);
    return owner.isEmpty()
        ? Future.failedFuture(noItem(id, index))
        : archive.items(ResponseArchive.ownerOf(tenant, owner.get()), wanted);
  }

  /** An item stands in one place; what is referred to is here once more, under its own id. */
  private static ObjectNode copy(ObjectNode item, String digits, int index) {
    String id = Items.idOf(item);
    ObjectNode copy = item.deepCopy();
    copy.put("id", id.substring(0, id.indexOf('_')) + ItemIds.copied(digits, index));
    return copy;
  }

  private static boolean isMissing(Throwable why) {
    return ContextReader.isMissing(why);
  }

  private static ApiException noItem(String id, int index) {
    return new ApiException(
        ApiError.invalid(
            404,
            "item_not_found",
            Optional.of("input[" + index + "].id"),
            "Item with id '"
                + Shown.of(id)
                + "' not found. Items are not persisted when 'store' is false."));
  }
}
