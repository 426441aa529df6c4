package dev.bitfleet.gateway.rollout;

import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutCommand;
import dev.bitfleet.proto.RolloutReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator of one load on several nodes. Each prepares; when all have, with the same answer
 * to the canary, each commits; when one cannot, each aborts. Owned by one thread. Time is
 * nanoseconds of any monotonic clock, as long as it is always the same one.
 *
 * <p>Nodes hold what they prepared under a lease, which is renewed with every {@link #tick}. The
 * decision to commit is made only while each was heard of within half a lease, so that none gives
 * up what the others take up.
 */
public final class Rollout {
  private enum Phase {
    PREPARING,
    COMMITTING,
    ABORTING,
    ENDED
  }

  private enum Standing {
    ASKED,
    PREPARED,
    COMMITTED,
    /** Has nothing, or nothing any more. */
    ABORTED,
    /** Nobody listens there. */
    GONE;

    boolean settled() {
      return this == COMMITTED || this == ABORTED || this == GONE;
    }
  }

  private static final class Node {
    final String id;
    Standing standing = Standing.ASKED;
    long heardNanos;
    RolloutReply.@Nullable Prepared vote;

    Node(String id, long now) {
      this.id = id;
      this.heardNanos = now;
    }
  }

  /** Why it is aborted. */
  private record Fault(String node, ModelReply.Refused why) {}

  private final String id;
  private final ModelCommand.Load load;
  private final Duration lease;
  private final NavigableMap<String, Node> nodes = new TreeMap<>();
  private Phase phase = Phase.PREPARING;
  private long decidedNanos;
  private Optional<Fault> fault = Optional.empty();

  /**
   * @param id unique in the fleet
   * @param names of the nodes; at least one
   */
  public Rollout(
      String id, ModelCommand.Load load, Collection<String> names, Duration lease, long now) {
    this.id = id;
    this.load = load;
    this.lease = lease;
    names.forEach(name -> nodes.put(name, new Node(name, now)));
    if (nodes.isEmpty()) {
      throw new IllegalArgumentException("a rollout on no node");
    }
  }

  /** Asks all to prepare. */
  public List<Step> begin() {
    return nodes.keySet().stream()
        .<Step>map(
            name ->
                new Step.Tell(
                    name,
                    new RolloutCommand.Prepare(
                        id,
                        load,
                        nodes.keySet().stream().filter(other -> !other.equals(name)).toList(),
                        lease)))
        .toList();
  }

  /** A node has answered a command. */
  public List<Step> answered(String name, RolloutCommand command, RolloutReply reply, long now) {
    Node node = nodes.get(name);
    if (node == null || phase == Phase.ENDED) {
      return List.of();
    }
    return switch (reply) {
      case RolloutReply.Prepared prepared -> {
        node.heardNanos = now;
        if (node.standing == Standing.ASKED) {
          node.standing = Standing.PREPARED;
          node.vote = prepared;
        }
        yield phase == Phase.PREPARING ? decideIfAllArePrepared(now) : List.of();
      }
      case RolloutReply.Renewed ignored -> {
        node.heardNanos = now;
        yield phase == Phase.PREPARING ? decideIfAllArePrepared(now) : List.of();
      }
      case RolloutReply.Committed ignored -> settled(node, Standing.COMMITTED);
      case RolloutReply.Aborted ignored -> settled(node, Standing.ABORTED);
      case RolloutReply.Refused refused -> refused(node, command, refused.why(), now);
    };
  }

  private List<Step> refused(Node node, RolloutCommand command, ModelReply.Refused why, long now) {
    if (phase == Phase.PREPARING) {
      node.standing = Standing.ABORTED;
      return abort(node.id, why, now);
    }
    // A renewal that came after the decision says nothing of it.
    return command instanceof RolloutCommand.Renew ? List.of() : settled(node, Standing.ABORTED);
  }

  /**
   * A node has not answered a command.
   *
   * @param gone whether nobody listens there
   */
  public List<Step> unanswered(String name, RolloutCommand command, boolean gone, long now) {
    Node node = nodes.get(name);
    if (node == null || phase == Phase.ENDED || node.standing.settled()) {
      return List.of();
    }
    boolean first = command instanceof RolloutCommand.Prepare;
    if (!gone) {
      return first && phase == Phase.PREPARING && node.standing == Standing.ASKED
          ? abort(node.id, failed("it did not answer"), now)
          : List.of();
    }
    if (phase != Phase.PREPARING) {
      return settled(node, Standing.GONE);
    }
    node.standing = Standing.GONE;
    return abort(
        node.id,
        failed(
            first
                ? "it takes no loads of several nodes: it is of an older version, has only begun"
                    + " to start, or has just left"
                : "it has left"),
        now);
  }

  /** Renews the leases, says again what was not answered, and gives up on who is silent. */
  public List<Step> tick(long now) {
    return switch (phase) {
      case PREPARING -> {
        Optional<Node> silent = first(node -> now - node.heardNanos > lease.toNanos());
        yield silent.isPresent()
            ? abort(silent.get().id, failed("it was not heard of for " + seconds()), now)
            : tell(node -> true, RolloutCommand.Renew::new);
      }
      case COMMITTING ->
          overdue(now) ? end() : tell(node -> !node.standing.settled(), RolloutCommand.Commit::new);
      case ABORTING ->
          overdue(now) ? end() : tell(node -> !node.standing.settled(), RolloutCommand.Abort::new);
      case ENDED -> List.of();
    };
  }

  private boolean overdue(long now) {
    return now - decidedNanos > lease.toNanos();
  }

  private List<Step> decideIfAllArePrepared(long now) {
    if (first(node -> node.standing != Standing.PREPARED).isPresent()) {
      return List.of();
    }
    var votes = new TreeMap<String, RolloutReply.Prepared>();
    nodes
        .values()
        .forEach(
            node -> {
              RolloutReply.Prepared vote = node.vote;
              if (vote != null) {
                votes.put(node.id, vote);
              }
            });
    Optional<Agreement.Difference> difference = Agreement.among(votes);
    if (difference.isPresent()) {
      return abort(difference.get().node(), difference.get().why(), now);
    }
    Predicate<Node> stale = node -> now - node.heardNanos > lease.toNanos() / 2;
    if (first(stale).isPresent()) {
      return tell(stale, RolloutCommand.Renew::new);
    }
    phase = Phase.COMMITTING;
    decidedNanos = now;
    return tell(node -> true, RolloutCommand.Commit::new);
  }

  private List<Step> abort(String culprit, ModelReply.Refused why, long now) {
    phase = Phase.ABORTING;
    decidedNanos = now;
    fault = Optional.of(new Fault(culprit, why));
    List<Step> steps = tell(node -> !node.standing.settled(), RolloutCommand.Abort::new);
    return steps.isEmpty() ? end() : steps;
  }

  private List<Step> settled(Node node, Standing standing) {
    if (!node.standing.settled()) {
      node.standing = standing;
    }
    return first(each -> !each.standing.settled()).isPresent() ? List.of() : end();
  }

  private List<Step> end() {
    ModelReply reply = fault.map(this::refusal).orElseGet(this::outcome);
    phase = Phase.ENDED;
    return List.of(new Step.End(reply));
  }

  private ModelReply refusal(Fault why) {
    String unsure = names(node -> !node.standing.settled());
    return new ModelReply.Refused(
        why.why().code(),
        (nodes.size() == 1 ? "" : "node " + why.node() + ": ")
            + why.why().message()
            + (unsure.isEmpty()
                ? ""
                : "; node "
                    + unsure
                    + " did not confirm that it took the model back, and does by"
                    + " itself "
                    + seconds()
                    + " after it last heard of this gateway"),
        why.why().param());
  }

  private ModelReply outcome() {
    String model =
        nodes.values().stream()
            .flatMap(node -> Optional.ofNullable(node.vote).stream())
            .map(RolloutReply.Prepared::model)
            .findFirst()
            .orElse("");
    String committed = names(node -> node.standing == Standing.COMMITTED);
    String gone = names(node -> node.standing == Standing.GONE);
    String aborted = names(node -> node.standing == Standing.ABORTED);
    String unsure = names(node -> !node.standing.settled());
    if (committed.isEmpty() || !aborted.isEmpty() || !unsure.isEmpty()) {
      return failed(
          "all nodes had prepared it, and then not all confirmed that they serve it:"
              + list(" they do on ", committed)
              + list(" they do not on ", aborted)
              + list(" they have left: ", gone)
              + list(" nothing was heard of ", unsure)
              + "; load it again to have one model everywhere");
    }
    return new ModelReply.Done(
        model,
        gone.isEmpty()
            ? ""
            : "node "
                + gone
                + " left before it served it, and comes back with the models of its"
                + " settings");
  }

  private static String list(String words, String names) {
    return names.isEmpty() ? "" : words + names;
  }

  private Optional<Node> first(Predicate<Node> which) {
    return nodes.values().stream().filter(which).findFirst();
  }

  private String names(Predicate<Node> which) {
    return nodes.values().stream()
        .filter(which)
        .map(node -> node.id)
        .collect(Collectors.joining(", "));
  }

  private List<Step> tell(Predicate<Node> which, Function<String, RolloutCommand> command) {
    var steps = new ArrayList<Step>();
    nodes.values().stream()
        .filter(which)
        .forEach(node -> steps.add(new Step.Tell(node.id, command.apply(id))));
    return List.copyOf(steps);
  }

  private static ModelReply.Refused failed(String message) {
    return new ModelReply.Refused(ModelReply.Code.FAILED, message, "");
  }

  private String seconds() {
    return lease.toMillis() / 1000.0 + " s";
  }
}
