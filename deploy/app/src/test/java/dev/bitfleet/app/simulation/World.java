package dev.bitfleet.app.simulation;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.completion.FieldNames;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.WorkerHeartbeat;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * One history of one fleet, all of it a function of the seed: a storm of some seconds in which
 * clients come, then fair weather in which everything has to come to its end.
 */
final class World {
  static final String MODEL = "m";

  /** Any time of day; clocks on the wall begin there. */
  static final long BEGAN_MILLIS = 1_795_000_000_000L;

  private static final long SECOND = 1000 * VirtualTime.MILLI;
  private static final long STORM = 12 * SECOND;

  /** Longer than any one request may take, however often it waits, breaks and begins again. */
  private static final long PATIENCE = 60 * SECOND;

  /** After the last end: lost cancels are sent again, late answers come, heartbeats settle. */
  private static final long SETTLING = 4 * SECOND;

  private static final int LINES = 400;
  private static final int TENANTS = 3;

  private final VirtualTime time = new VirtualTime();
  private final SplittableRandom random;
  private final Weather weather;
  private final Network network;
  private final Optional<Flaw> flaw;
  private final Optional<Tampering> tampering;
  private final boolean traced;
  private final Deque<String> trace = new ArrayDeque<>();
  private final List<SimulatedWorker> workers = new ArrayList<>();
  private final List<SimulatedGateway> gateways = new ArrayList<>();
  private final List<SimulatedClient> clients = new ArrayList<>();
  private boolean stormy = true;

  /**
   * @param traced whether it is remembered what happened, which takes longer
   */
  World(long seed, Optional<Flaw> flaw, boolean traced) {
    this.random = new SplittableRandom(seed);
    this.flaw = flaw;
    this.tampering = flaw.map(Tampering::new);
    this.traced = traced;
    this.weather = Weather.of(random);
    this.network = new Network(time, random, weather);
  }

  /** What came of a history in which nothing forbidden happened. */
  record Ends(int well, int failed, int left) {}

  /**
   * Lets it all happen.
   *
   * @throws Violation when something does that must not
   */
  Ends run() {
    populate();
    long storm = STORM;
    runUntil(storm, () -> false);
    calmDown();
    runUntil(storm + PATIENCE, () -> clients.stream().allMatch(SimulatedClient::over));
    for (SimulatedClient client : clients) {
      if (!client.over()) {
        violated(client + " has no end");
      }
    }
    runUntil(time.now() + SETTLING, () -> false);
    checkRest();
    return ends();
  }

  private void runUntil(long until, BooleanSupplier enough) {
    while (!enough.getAsBoolean() && time.step(until)) {
      // One thing after the other.
    }
  }

  // ---- what there is ---------------------------------------------------------------------------

  private void populate() {
    int machines = 1 + random.nextInt(4);
    for (int i = 0; i < machines; i++) {
      SimulatedWorker worker = new SimulatedWorker(this, "w" + i, 1 + random.nextInt(4));
      workers.add(worker);
      in(random.nextLong(300 * VirtualTime.MILLI), worker::start);
    }
    int doors = 1 + random.nextInt(3);
    for (int i = 0; i < doors; i++) {
      gateways.add(new SimulatedGateway(this, "g" + i, 2 + random.nextInt(20)));
    }
    int requests = 3 + random.nextInt(25);
    for (int i = 0; i < requests; i++) {
      SimulatedClient client = new SimulatedClient(this, "c" + i, request(i));
      clients.add(client);
      SimulatedGateway gateway = gateways.get(random.nextInt(doors));
      long at = random.nextLong(10 * SECOND);
      in(at, () -> client.begin(gateway));
      if (random.nextInt(4) == 0 || client.endless()) {
        in(at + random.nextLong(3 * SECOND), client::leave);
      }
    }
    if (has(Flaw.A_TICKET_IS_KEPT)) {
      in(5 * SECOND, gateways.getFirst()::keepTicket);
    }
    disasters(weather.engineDeaths() * machines, () -> anyWorker().engineDies());
    disasters(weather.engineStalls() * machines, () -> anyWorker().engineStands());
    disasters(weather.workerDeaths() * machines, () -> killed(anyWorker()));
    disasters(weather.partitions(), this::partition);
  }

  private CompletionRequest request(int number) {
    String kind =
        switch (random.nextInt(20)) {
          case 0 -> weather.calm() ? "" : Tokens.POISON;
          case 1, 2 -> Tokens.LONG;
          case 3 -> Tokens.ENDLESS;
          default -> "";
        };
    String text = kind + "number " + number + " of " + random.nextInt(1000);
    Prompt prompt =
        random.nextInt(3) == 0
            ? new Prompt.Chat(List.of(new ChatMessage(Role.USER, text)))
            : new Prompt.Text(text);
    return new CompletionRequest(
        random.nextBoolean() ? ModelWish.ANY : ModelWish.of(MODEL),
        List.of(prompt),
        random.nextInt(4) == 0 ? 2 + random.nextInt(2) : 1,
        new Sampling(0, 0, 1, 0, 1, 1, 0, 0, 0, Map.of(), random.nextLong()),
        random.nextInt(3) == 0 ? 1 + random.nextInt(20) : 0,
        List.of(),
        false,
        OptionalInt.empty(),
        0,
        "",
        PromptScoring.NONE,
        1 + random.nextInt(TENANTS),
        random.nextInt(4) == 0 ? Priority.BACKGROUND : Priority.INTERACTIVE,
        random.nextInt(3) == 0 ? Delivery.WHOLE : Delivery.STREAMED,
        FieldNames.PLAIN);
  }

  // ---- disasters -------------------------------------------------------------------------------

  /** Lets something happen at random moments of the storm, so many times a second. */
  private void disasters(double perSecond, Runnable what) {
    if (perSecond <= 0) {
      return;
    }
    double at = 0;
    while (true) {
      at += -Math.log(1 - random.nextDouble()) / perSecond * SECOND;
      if (at >= STORM) {
        return;
      }
      in((long) at, what);
    }
  }

  private SimulatedWorker anyWorker() {
    return workers.get(random.nextInt(workers.size()));
  }

  private void killed(SimulatedWorker worker) {
    if (!worker.runs()) {
      return;
    }
    worker.die();
    // The cluster notices sooner or later, or only its silence tells.
    for (SimulatedGateway gateway : gateways) {
      if (random.nextBoolean()) {
        in(random.nextLong(2 * SECOND), () -> gateway.dispatcher().nodeLeft("node-" + worker.id()));
      }
    }
    in(
        random.nextLong(4 * SECOND),
        () -> {
          if (!worker.runs()) {
            worker.start();
          }
        });
  }

  private void partition() {
    Set<String> island = new HashSet<>();
    workers.stream()
        .map(SimulatedWorker::id)
        .filter(each -> random.nextBoolean())
        .forEach(island::add);
    gateways.stream()
        .map(SimulatedGateway::id)
        .filter(each -> random.nextBoolean())
        .forEach(island::add);
    trace("network", () -> "cut off: " + island);
    network.cutOff(island, random.nextLong(4 * SECOND));
  }

  private void calmDown() {
    trace("weather", "is fair from now on");
    stormy = false;
    network.become(Weather.CALM);
    for (SimulatedWorker worker : workers) {
      if (!worker.runs()) {
        worker.start();
      }
    }
  }

  // ---- what must be ----------------------------------------------------------------------------

  private void checkRest() {
    for (SimulatedGateway gateway : gateways) {
      gateway.checkNothingIsHeld();
    }
    for (SimulatedWorker worker : workers) {
      if (worker.openStreams() > 0) {
        violated(worker.id() + " still computes " + worker.openStreams() + " streams for nobody");
      }
    }
    if (weather.calm()) {
      for (SimulatedClient client : clients) {
        client
            .failure()
            .filter(failure -> !mayFailInCalm(failure))
            .ifPresent(
                failure -> violated(client + " fails though nothing went wrong: " + failure));
      }
    }
  }

  private static boolean mayFailInCalm(CompletionFailure failure) {
    return switch (failure) {
      // More came than there was room for, or before anybody was ready.
      case CompletionFailure.QueueFull ignored -> true;
      case CompletionFailure.QueueSlow ignored -> true;
      case CompletionFailure.QueueTimeout ignored -> true;
      default -> false;
    };
  }

  private Ends ends() {
    int well = (int) clients.stream().filter(SimulatedClient::endedWell).count();
    int failed = (int) clients.stream().filter(each -> each.failure().isPresent()).count();
    return new Ends(well, failed, clients.size() - well - failed);
  }

  void violated(String what) {
    trace("VIOLATED", what);
    throw new Violation(what);
  }

  // ---- for those who live in it ----------------------------------------------------------------

  boolean has(Flaw which) {
    return flaw.isPresent() && flaw.get() == which;
  }

  /** Whether nothing goes wrong in this history. */
  boolean calm() {
    return weather.calm();
  }

  /** Whether any engine has that prompt. */
  boolean computes(String prompt) {
    return workers.stream().anyMatch(worker -> worker.computes(prompt));
  }

  SplittableRandom random() {
    return random;
  }

  Network network() {
    return network;
  }

  long now() {
    return time.now();
  }

  long in(long nanos, Runnable what) {
    return time.in(nanos, what);
  }

  long every(long nanos, BooleanSupplier asLongAs, Runnable what) {
    return time.every(nanos, asLongAs, what);
  }

  void cancel(long id) {
    time.cancel(id);
  }

  SimulatedWorker worker(String id) {
    return workers.get(Integer.parseInt(id.substring(1)));
  }

  List<GenerationEvent> tampered(GenerationEvent event) {
    return tampering.map(each -> each.of(event)).orElse(List.of(event));
  }

  void publish(String workerId, WorkerHeartbeat heartbeat) {
    int later = stormy ? weather.lateHeartbeatMillis() : 0;
    for (SimulatedGateway gateway : gateways) {
      network.send(workerId, gateway.id(), later, () -> gateway.dispatcher().hear(heartbeat));
    }
    maybeDies(workerId);
  }

  void publish(String workerId, PromptNote note) {
    for (SimulatedWorker other : workers) {
      network.send(workerId, other.id(), () -> other.hear(note));
    }
  }

  void sendEvent(String workerId, String inbox, GenerationEvent event) {
    for (SimulatedGateway gateway : gateways) {
      if (BusAddresses.inbox(gateway.id()).equals(inbox)) {
        tell(workerId, event);
        network.send(workerId, gateway.id(), () -> gateway.dispatcher().take(event));
      }
    }
    maybeDies(workerId);
  }

  /** Of the tokens only the first, or the trace would be all tokens. */
  private void tell(String workerId, GenerationEvent event) {
    if (!(event instanceof GenerationEvent.Delta)) {
      trace(workerId, () -> "sends " + event);
    } else if (event.number() == 0) {
      trace(workerId, () -> "sends the first token of " + event.streamId());
    }
  }

  /** After what it has said, before what it does next. */
  private void maybeDies(String workerId) {
    if (stormy
        && weather.deathAfterSending() > 0
        && random.nextDouble() < weather.deathAfterSending()) {
      in(0, () -> killed(worker(workerId)));
    }
  }

  void trace(String who, String what) {
    trace(who, () -> what);
  }

  void trace(String who, Supplier<String> what) {
    if (traced) {
      if (trace.size() == LINES) {
        trace.remove();
      }
      trace.add(
          "%9.3f ms  %-8s %s".formatted((double) time.now() / VirtualTime.MILLI, who, what.get()));
    }
  }

  /** What happened last, when it was traced. */
  List<String> trace() {
    return List.copyOf(trace);
  }

  @Override
  public String toString() {
    return workers.size()
        + " workers, "
        + gateways.size()
        + " gateways, "
        + clients.size()
        + " clients, "
        + weather;
  }
}
