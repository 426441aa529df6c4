package dev.bitfleet.app.cluster;

import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent;
import io.vertx.core.Completable;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Vert.x's cluster manager, which in addition says again and again where this node's consumers are.
 *
 * <p>The bus finds a consumer by an entry in a map of the cluster. When those who hold the map die
 * together, or a split heals, entries can be missing for good; the bus would then lose messages
 * without a word. Saying it again is harmless: the map holds sets.
 */
final class RegistrationKeeper extends HazelcastClusterManager {
  private static final Logger log = LoggerFactory.getLogger(RegistrationKeeper.class);
  private static final long EVERY_MILLIS = 5000;

  private record Registration(String address, RegistrationInfo info) {}

  private final Set<Registration> own = ConcurrentHashMap.newKeySet();
  private @Nullable Vertx vertx;
  private volatile @Nullable NodeInfo node;

  RegistrationKeeper(HazelcastInstance member) {
    super(member);
  }

  @Override
  public void init(Vertx owner) {
    super.init(owner);
    vertx = owner;
    owner.setPeriodic(EVERY_MILLIS, id -> sayAgain());
  }

  @Override
  public void setNodeInfo(NodeInfo info, Completable<Void> promise) {
    node = info;
    super.setNodeInfo(info, promise);
  }

  @Override
  public void addRegistration(String address, RegistrationInfo info, Completable<Void> promise) {
    if (!info.localOnly()) {
      own.add(new Registration(address, info));
    }
    super.addRegistration(address, info, promise);
  }

  @Override
  public void removeRegistration(String address, RegistrationInfo info, Completable<Void> promise) {
    own.remove(new Registration(address, info));
    super.removeRegistration(address, info, promise);
  }

  @Override
  public synchronized void memberAdded(MembershipEvent event) {
    super.memberAdded(event);
    soon();
  }

  @Override
  public synchronized void stateChanged(LifecycleEvent event) {
    super.stateChanged(event);
    if (event.getState() == LifecycleEvent.LifecycleState.MERGED) {
      soon();
    }
  }

  private void soon() {
    Vertx owner = vertx;
    if (owner != null) {
      owner.runOnContext(now -> sayAgain());
    }
  }

  private void sayAgain() {
    NodeInfo info = node;
    if (!isActive() || info == null) {
      return;
    }
    super.setNodeInfo(info, (done, failure) -> said(failure));
    for (Registration each : own) {
      super.addRegistration(
          each.address(),
          each.info(),
          (done, failure) -> {
            said(failure);
            if (!own.contains(each)) {
              // It was taken back meanwhile.
              super.removeRegistration(each.address(), each.info(), (gone, problem) -> {});
            }
          });
    }
  }

  private void said(@Nullable Throwable failure) {
    if (failure != null && isActive()) {
      log.debug("where consumers are could not be said; it is tried again", failure);
    }
  }
}
