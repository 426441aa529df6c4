/**
 * What the sides of Bitfleet must agree on.
 *
 * <p>Gateways and workers speak the <em>fleet protocol</em> over the Vert.x event bus: {@link
 * dev.bitfleet.proto.BusAddresses} says where, the records of this package say what, and {@link
 * dev.bitfleet.proto.FleetCodecs} how it travels. Between two verticles of one JVM a record is
 * handed over as it is (all of them are deeply immutable); between nodes it is protobuf, as {@code
 * bitfleet/fleet/v1/fleet.proto} lays down.
 *
 * <p>A worker and its native engine speak the <em>engine protocol</em> over the process's stdin and
 * stdout: {@code bitfleet/engine/v1/engine.proto}, in frames of {@link
 * dev.bitfleet.proto.EngineFrames}. Golden bytes under {@code src/test/resources/golden} are read
 * by Java and by C++.
 */
@NullMarked
package dev.bitfleet.proto;

import org.jspecify.annotations.NullMarked;
