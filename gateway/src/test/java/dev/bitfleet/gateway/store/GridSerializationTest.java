package dev.bitfleet.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.OperationTimeoutException;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import com.hazelcast.spi.exception.PartitionMigratingException;
import com.hazelcast.spi.exception.RetryableIOException;
import com.hazelcast.spi.exception.TargetNotMemberException;
import java.io.Serializable;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a member may send another in Java's own serialization. */
class GridSerializationTest {
  private final InternalSerializationService wire;

  GridSerializationTest() {
    var config = new Config();
    Grid.configure(config);
    wire =
        new DefaultSerializationServiceBuilder().setConfig(config.getSerializationConfig()).build();
  }

  static Stream<Exception> failures() {
    var suppressing = new IllegalStateException("with another", new TimeoutException("a cause"));
    suppressing.addSuppressed(new InterruptedException("suppressed"));
    return Stream.of(
        new PartitionMigratingException(null, 7, "a.b.SomeOperation", "a-map"),
        new TargetNotMemberException("it left"),
        new RetryableIOException("no connection"),
        new OperationTimeoutException("too late"),
        new HazelcastInstanceNotActiveException(),
        suppressing);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void a_failure_arrives(Exception failure) {
    Exception arrived = wire.toObject(wire.<Data>toData(failure));

    assertThat(arrived).isInstanceOf(failure.getClass()).hasMessage(failure.getMessage());
    assertThat(arrived.getSuppressed()).hasSameSizeAs(failure.getSuppressed());
  }

  /** What gadgets are made of. */
  static final class Gadget implements Serializable {
    private static final long serialVersionUID = 1;
  }

  static Stream<Object> others() {
    return Stream.of(new Gadget(), new Exception("with a gadget") {});
  }

  @ParameterizedTest
  @MethodSource("others")
  void nothing_else_does(Object other) {
    Data data = wire.toData(other);

    assertThatThrownBy(() -> wire.toObject(data))
        .isInstanceOf(HazelcastSerializationException.class)
        .hasMessageContaining("is not allowed");
  }
}
