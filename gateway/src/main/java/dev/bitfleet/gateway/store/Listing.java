package dev.bitfleet.gateway.store;

import com.hazelcast.map.IMap;
import com.hazelcast.projection.Projections;
import com.hazelcast.query.Predicates;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/** Lists a tenant's documents by their creation. Blocks; virtual threads only. */
final class Listing {
  /** Documents looked at together: a page whose filter drops most needs several rounds. */
  private static final int ROUND = 8;

  /** A page ends early where its documents become more than that. */
  private static final long PAGE_BYTES = 4 << 20;

  private Listing() {}

  private record Entry(String id, long created) {}

  static <T> Page<T> of(
      Vault vault,
      Shelf shelf,
      String tenant,
      PageRequest page,
      BiFunction<String, Filed, T> reading,
      Predicate<T> wanted) {
    IMap<String, Filed> map = vault.grid().shelf(shelf);
    List<Entry> entries = entries(map, tenant, page.ascending());
    int from = page.start(entries, Entry::id);
    List<T> data = new ArrayList<>();
    long bytes = 0;
    for (int start = from; start < entries.size(); start += ROUND) {
      List<Entry> round = entries.subList(start, Math.min(entries.size(), start + ROUND));
      Map<String, Filed> found = map.getAll(new HashSet<>(round.stream().map(Entry::id).toList()));
      for (Entry entry : round) {
        Filed filed = found.get(entry.id());
        if (filed == null || filed.deleted()) {
          continue;
        }
        T document = reading.apply(entry.id(), filed);
        if (wanted.test(document)) {
          if (data.size() == page.limit()) {
            return new Page<>(data, true);
          }
          data.add(document);
          bytes += filed.body().length;
          if (bytes > PAGE_BYTES && data.size() < page.limit()) {
            return new Page<>(data, entry != entries.getLast());
          }
        }
      }
    }
    return new Page<>(data, false);
  }

  private static List<Entry> entries(IMap<String, Filed> map, String tenant, boolean ascending) {
    Collection<Object[]> found =
        map.project(
            Projections.multiAttribute("__key", FiledSerializer.CREATED),
            Predicates.and(
                Predicates.equal(FiledSerializer.TENANT, tenant),
                Predicates.equal(FiledSerializer.DELETED, false),
                Predicates.greaterThan(FiledSerializer.EXPIRES, System.currentTimeMillis())));
    List<Entry> entries = new ArrayList<>(found.size());
    for (Object[] each : found) {
      entries.add(new Entry((String) each[0], (Long) each[1]));
    }
    Comparator<Entry> order = Comparator.comparingLong(Entry::created).thenComparing(Entry::id);
    entries.sort(ascending ? order : order.reversed());
    return entries;
  }
}
