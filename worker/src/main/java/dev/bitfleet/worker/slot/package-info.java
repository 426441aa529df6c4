/** The slot table: pure bookkeeping of which stream holds which of a worker's slots. */
@NullMarked
package dev.bitfleet.worker.slot;

import org.jspecify.annotations.NullMarked;
