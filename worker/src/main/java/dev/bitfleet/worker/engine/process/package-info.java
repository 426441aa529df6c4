/**
 * Child processes: spawned from one thread that never ends, wrapped so that they die with the JVM,
 * stay on their cores and leave no core file, and listened to without an event loop ever waiting.
 */
@NullMarked
package dev.bitfleet.worker.engine.process;

import org.jspecify.annotations.NullMarked;
