package dev.bitfleet.gateway.store;

import java.util.List;

/** See {@link Answers#withdraw}. */
record WithdrawnAnswers(String tenant, String about) implements Part {
  @Override
  public List<String> ids() {
    return List.of();
  }

  @Override
  public boolean grows() {
    return false;
  }

  @Override
  public Runnable prepare(Vault vault, long now, List<Change> rows) {
    return Answers.withdraw(vault, tenant, about, now, rows);
  }
}
