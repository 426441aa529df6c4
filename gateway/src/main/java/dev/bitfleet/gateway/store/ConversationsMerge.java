package dev.bitfleet.gateway.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;

/** Joins conversations after a split: see {@link Union}. Made by Hazelcast. */
public final class ConversationsMerge
    implements SplitBrainMergePolicy<Object, MergingValue<Object>, Object> {

  @Override
  public Object merge(MergingValue<Object> merging, MergingValue<Object> existing) {
    Object there = existing == null ? null : existing.getDeserializedValue();
    Object coming = merging.getDeserializedValue();
    return there == null ? coming : Union.ofConversations((Filed) there, (Filed) coming);
  }

  @Override
  public void writeData(ObjectDataOutput out) {}

  @Override
  public void readData(ObjectDataInput in) {}
}
