package dev.bitfleet.app.cluster;

import dev.bitfleet.app.config.ClusterConfiguration;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.TrustOptions;
import java.net.InetSocketAddress;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node's certificate opens the event buses of the others. Asked once, when a node
 * joins: the bus itself would go on trying, and the node would be a member that nobody hears.
 */
final class BusHandshake {
  private static final Logger log = LoggerFactory.getLogger(BusHandshake.class);

  /**
   * The version in which a client knows from the handshake itself whether it was taken. In TLS 1.3
   * it hears of a refusal some time after it is through with its side.
   */
  private static final String VERSION = "TLSv1.2";

  private final Vertx vertx;
  private final ClusterConfiguration.Tls tls;
  private final Duration connecting;

  BusHandshake(Vertx vertx, ClusterConfiguration.Tls tls, Duration connecting) {
    this.vertx = vertx;
    this.tls = tls;
    this.connecting = connecting;
  }

  /** What a node shows. */
  static KeyCertOptions shown(ClusterConfiguration.Tls tls) {
    return new PemKeyCertOptions()
        .setCertPath(tls.certificate().toString())
        .setKeyPath(tls.key().toString());
  }

  /** Whom it believes. */
  static TrustOptions trusted(ClusterConfiguration.Tls tls) {
    return new PemTrustOptions().addCertPath(tls.authorities().toString());
  }

  private enum Answer {
    TAKEN,
    REFUSED,
    ABSENT
  }

  /**
   * Why none of these nodes speaks with this one. Empty when one of them does, for then it is the
   * others whose certificates are to be looked at, when none can be reached, and where this JDK was
   * told not to speak that version. Blocks.
   */
  Optional<String> refusal(List<InetSocketAddress> buses)
      throws ExecutionException, InterruptedException {
    if (!spoken()) {
      return Optional.empty();
    }
    NetClient client =
        vertx.createNetClient(
            new NetClientOptions()
                .setConnectTimeout(Math.toIntExact(connecting.toMillis()))
                .setSsl(true)
                .setEnabledSecureTransportProtocols(Set.of(VERSION))
                .setKeyCertOptions(shown(tls))
                .setTrustOptions(trusted(tls))
                // As on the bus: who signed counts, not for which host.
                .setHostnameVerificationAlgorithm(""));
    List<Future<Answer>> answers = buses.stream().map(bus -> ask(client, bus)).toList();
    Future.join(answers).toCompletionStage().toCompletableFuture().get();
    client.close().toCompletionStage().toCompletableFuture().get();
    boolean refused = answers.stream().anyMatch(each -> each.result() == Answer.REFUSED);
    boolean taken = answers.stream().anyMatch(each -> each.result() == Answer.TAKEN);
    if (taken || !refused) {
      return Optional.empty();
    }
    return Optional.of(
        "cluster-tls-cert, cluster-tls-ca: this node and the others (%s) do not accept each other's certificates; each needs one that an authority in the others' cluster-tls-ca signed"
            .formatted(String.join(", ", buses.stream().map(BusHandshake::name).toList())));
  }

  private Future<Answer> ask(NetClient client, InetSocketAddress bus) {
    return client
        .connect(bus.getPort(), bus.getHostString())
        .map(socket -> Answer.TAKEN)
        .otherwise(BusHandshake::answer)
        .onSuccess(
            answer -> {
              if (answer == Answer.REFUSED) {
                log.warn("the event bus at {} and this node do not accept each other", name(bus));
              }
            });
  }

  private static boolean spoken() {
    try {
      return List.of(SSLContext.getDefault().getDefaultSSLParameters().getProtocols())
          .contains(VERSION);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has a default", e);
    }
  }

  private static Answer answer(Throwable problem) {
    return problem instanceof SSLException ? Answer.REFUSED : Answer.ABSENT;
  }

  private static String name(InetSocketAddress bus) {
    return bus.getHostString() + ":" + bus.getPort();
  }
}
