package dev.bitfleet.gateway;

import dev.bitfleet.gateway.http.Door;
import dev.bitfleet.gateway.store.StoreOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How a gateway is set up. {@link #builder} starts from the defaults, each of which is stated
 * there.
 *
 * @param gatewayId unique in the fleet; part of a bus address, so letters, digits, '-', '_' and '.'
 * @param host address the API listens on
 * @param port 0 = any free one
 * @param managementHost address of health, readiness, metrics and the worker list
 * @param managementPort 0 = any free one
 * @param corsOrigins origins a browser page may call from: exact ones, {@code loopback} (any port
 *     of localhost, 127.0.0.1 and [::1]) or {@code *}
 * @param allowedHosts names a request may call this server by: exact ones, {@code loopback} or
 *     {@code *}
 * @param managementHosts the same of the management port
 * @param keyFile file of the API keys; empty = no key is asked for
 * @param maxBodyBytes of one request; more is answered 413
 * @param bodyBudgetBytes of all requests in flight together; beyond it new bodies are answered 503
 * @param maxHeaderBytes of one request; more is answered 431
 * @param maxConnections open at once; further ones are closed unanswered
 * @param maxChoices completions one request may ask for (prompts × n)
 * @param queueLimit completions that may wait for a slot; further ones are answered 429
 * @param queueTimeout longest wait for a slot; then 503
 * @param workerWait longest wait while no worker is ready at all; then 503
 * @param openTimeout longest wait for a worker's answer to an open
 * @param firstEventTimeout longest silence before a stream's first event: a long prompt is computed
 * @param stallTimeout longest silence between two events of a stream
 * @param attempts that may break in a row without getting on, before a completion is given up
 * @param clientTimeout longest a client may take over its headers, stall in its body, idle on a
 *     kept connection, or leave its answer unread
 * @param pingInterval silence after which a stream gets a comment line
 * @param drainDelay how long requests are still taken once the gateway has said that it stops
 * @param drainTimeout longest wait for open requests when the gateway stops
 * @param streamGrace how long a stored response stream goes on without its client
 * @param store what is kept, and where
 * @param refuseWith422 whether {@code /completion} and a conversation's chat answer a bad body with
 *     422, as the servers did that had these routes first
 * @param defaultForUnknownModels whether OpenAI's routes answer with the default model when nobody
 *     serves the one that was named, as the older routes always do
 * @param showSlots whether {@code /slots} tells which slots are taken
 */
public record GatewayOptions(
    String gatewayId,
    String host,
    int port,
    String managementHost,
    int managementPort,
    List<String> corsOrigins,
    List<String> allowedHosts,
    List<String> managementHosts,
    Optional<Path> keyFile,
    int maxBodyBytes,
    long bodyBudgetBytes,
    int maxHeaderBytes,
    int maxConnections,
    int maxChoices,
    int queueLimit,
    Duration queueTimeout,
    Duration workerWait,
    Duration openTimeout,
    Duration firstEventTimeout,
    Duration stallTimeout,
    int attempts,
    Duration clientTimeout,
    Duration pingInterval,
    Duration drainDelay,
    Duration drainTimeout,
    Duration streamGrace,
    StoreOptions store,
    boolean refuseWith422,
    boolean defaultForUnknownModels,
    boolean showSlots) {

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  public GatewayOptions {
    Objects.requireNonNull(host);
    Objects.requireNonNull(managementHost);
    Objects.requireNonNull(store);
    corsOrigins = List.copyOf(corsOrigins);
    allowedHosts = List.copyOf(allowedHosts);
    managementHosts = List.copyOf(managementHosts);
    Objects.requireNonNull(keyFile);
    if (!ID.matcher(gatewayId).matches()) {
      throw new IllegalArgumentException(
          "gatewayId takes 1 to 64 letters, digits, '-', '_' and '.', not \"" + gatewayId + "\"");
    }
    within("port", port, 0, 65_535);
    within("managementPort", managementPort, 0, 65_535);
    within("maxBodyBytes", maxBodyBytes, 1024, 1 << 30);
    within("maxHeaderBytes", maxHeaderBytes, 1024, 1 << 20);
    within("maxConnections", maxConnections, 1, 1_000_000);
    within("maxChoices", maxChoices, 1, 128);
    within("queueLimit", queueLimit, 0, 100_000);
    within("attempts", attempts, 1, 10);
    if (bodyBudgetBytes < maxBodyBytes) {
      throw new IllegalArgumentException("bodyBudgetBytes is less than one maxBodyBytes");
    }
    positive("queueTimeout", queueTimeout);
    positive("workerWait", workerWait);
    positive("openTimeout", openTimeout);
    positive("firstEventTimeout", firstEventTimeout);
    positive("stallTimeout", stallTimeout);
    positive("clientTimeout", clientTimeout);
    positive("pingInterval", pingInterval);
    if (drainDelay.isNegative()) {
      throw new IllegalArgumentException("drainDelay is negative: " + drainDelay);
    }
    positive("drainTimeout", drainTimeout);
    positive("streamGrace", streamGrace);
  }

  /** Who may reach the management port: as the API's, but for the names, since it has its own. */
  Door managementDoor() {
    return new Door(managementHosts, corsOrigins);
  }

  /** The defaults, to be changed one by one. */
  public static Builder builder(String gatewayId) {
    return new Builder(gatewayId);
  }

  private static void within(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          name + " is " + value + ", not within " + low + ".." + high);
    }
  }

  private static void positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + " is not positive: " + value);
    }
  }

  /** Collects options over their defaults. */
  public static final class Builder {
    private final String gatewayId;
    private String host = "127.0.0.1";
    private int port = 8080;
    private String managementHost = "127.0.0.1";
    private int managementPort = 9090;
    private List<String> corsOrigins = List.of("loopback");
    private List<String> allowedHosts = List.of("loopback");
    private List<String> managementHosts = List.of("loopback");
    private Optional<Path> keyFile = Optional.empty();
    private int maxBodyBytes = 8 << 20;
    private long bodyBudgetBytes = 256L << 20;
    private int maxHeaderBytes = 16 << 10;
    private int maxConnections = 20_000;
    private int maxChoices = 16;
    private int queueLimit = 256;
    private Duration queueTimeout = Duration.ofSeconds(60);
    private Duration workerWait = Duration.ofSeconds(15);
    private Duration openTimeout = Duration.ofSeconds(30);
    private Duration firstEventTimeout = Duration.ofMinutes(10);
    private Duration stallTimeout = Duration.ofSeconds(60);
    private int attempts = 3;
    private Duration clientTimeout = Duration.ofSeconds(10);
    private Duration pingInterval = Duration.ofSeconds(10);
    private Duration drainDelay = Duration.ZERO;
    private Duration drainTimeout = Duration.ofSeconds(30);
    private Duration streamGrace = Duration.ofSeconds(30);
    private StoreOptions store = StoreOptions.in(Path.of("bitfleet-store"));
    private boolean refuseWith422;
    private boolean defaultForUnknownModels;
    private boolean showSlots;

    private Builder(String gatewayId) {
      this.gatewayId = gatewayId;
    }

    public Builder host(String value) {
      host = value;
      return this;
    }

    public Builder port(int value) {
      port = value;
      return this;
    }

    public Builder managementHost(String value) {
      managementHost = value;
      return this;
    }

    public Builder managementPort(int value) {
      managementPort = value;
      return this;
    }

    public Builder corsOrigins(List<String> value) {
      corsOrigins = value;
      return this;
    }

    public Builder allowedHosts(List<String> value) {
      allowedHosts = value;
      return this;
    }

    public Builder managementHosts(List<String> value) {
      managementHosts = value;
      return this;
    }

    public Builder keyFile(Optional<Path> value) {
      keyFile = value;
      return this;
    }

    public Builder maxBodyBytes(int value) {
      maxBodyBytes = value;
      return this;
    }

    public Builder bodyBudgetBytes(long value) {
      bodyBudgetBytes = value;
      return this;
    }

    public Builder maxHeaderBytes(int value) {
      maxHeaderBytes = value;
      return this;
    }

    public Builder maxConnections(int value) {
      maxConnections = value;
      return this;
    }

    public Builder maxChoices(int value) {
      maxChoices = value;
      return this;
    }

    public Builder queueLimit(int value) {
      queueLimit = value;
      return this;
    }

    public Builder queueTimeout(Duration value) {
      queueTimeout = value;
      return this;
    }

    public Builder workerWait(Duration value) {
      workerWait = value;
      return this;
    }

    public Builder openTimeout(Duration value) {
      openTimeout = value;
      return this;
    }

    public Builder firstEventTimeout(Duration value) {
      firstEventTimeout = value;
      return this;
    }

    public Builder stallTimeout(Duration value) {
      stallTimeout = value;
      return this;
    }

    public Builder attempts(int value) {
      attempts = value;
      return this;
    }

    public Builder clientTimeout(Duration value) {
      clientTimeout = value;
      return this;
    }

    public Builder pingInterval(Duration value) {
      pingInterval = value;
      return this;
    }

    public Builder streamGrace(Duration value) {
      streamGrace = value;
      return this;
    }

    public Builder refuseWith422(boolean value) {
      refuseWith422 = value;
      return this;
    }

    public Builder defaultForUnknownModels(boolean value) {
      defaultForUnknownModels = value;
      return this;
    }

    public Builder showSlots(boolean value) {
      showSlots = value;
      return this;
    }

    public Builder store(StoreOptions value) {
      store = value;
      return this;
    }

    public Builder drainDelay(Duration value) {
      drainDelay = value;
      return this;
    }

    public Builder drainTimeout(Duration value) {
      drainTimeout = value;
      return this;
    }

    /**
     * The options.
     *
     * @throws IllegalArgumentException naming the first value out of range
     */
    public GatewayOptions build() {
      return new GatewayOptions(
          gatewayId,
          host,
          port,
          managementHost,
          managementPort,
          corsOrigins,
          allowedHosts,
          managementHosts,
          keyFile,
          maxBodyBytes,
          bodyBudgetBytes,
          maxHeaderBytes,
          maxConnections,
          maxChoices,
          queueLimit,
          queueTimeout,
          workerWait,
          openTimeout,
          firstEventTimeout,
          stallTimeout,
          attempts,
          clientTimeout,
          pingInterval,
          drainDelay,
          drainTimeout,
          streamGrace,
          store,
          refuseWith422,
          defaultForUnknownModels,
          showSlots);
    }
  }
}
