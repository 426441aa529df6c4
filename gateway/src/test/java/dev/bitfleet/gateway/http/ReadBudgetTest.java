package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReadBudgetTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() {
    vertx.close().await();
  }

  @Test
  void who_finds_no_room_waits_for_what_others_give_back_in_the_order_they_came() {
    ReadBudget budget = new ReadBudget(vertx, 100, Duration.ofMinutes(1));
    ReadBudget.Room first = budget.take(80).result();
    Future<ReadBudget.Room> large = budget.take(90);
    Future<ReadBudget.Room> small = budget.take(10);
    assertThat(large.isComplete()).isFalse();
    assertThat(small.isComplete()).isFalse();
    first.keep(10);
    assertThat(large.succeeded()).isTrue();
    assertThat(small.isComplete()).isFalse();
    first.release();
    assertThat(small.succeeded()).isTrue();
    assertThat(budget.taken()).isEqualTo(100);
    first.release();
    large.result().release();
    small.result().release();
    assertThat(budget.taken()).isZero();
  }

  @Test
  void who_finds_no_room_in_time_is_sent_away_and_holds_up_nobody() {
    ReadBudget budget = new ReadBudget(vertx, 100, Duration.ofMillis(50));
    ReadBudget.Room first = budget.take(80).result();
    Future<ReadBudget.Room> large = budget.take(90);
    Await.until("it is sent away", large::failed);
    ApiException busy = (ApiException) large.cause();
    assertThat(busy.error().status()).isEqualTo(503);
    assertThat(busy.error().code()).isEqualTo("storage_busy");
    assertThat(busy.error().retryAfter()).isPresent();
    assertThat(budget.take(20).succeeded()).isTrue();
    first.release();
    assertThat(budget.taken()).isEqualTo(20);
  }

  @Test
  void what_is_more_than_the_budget_gets_all_of_it() {
    ReadBudget budget = new ReadBudget(vertx, 100, Duration.ofMinutes(1));
    assertThat(budget.take(1000).succeeded()).isTrue();
    assertThat(budget.taken()).isEqualTo(100);
  }
}
