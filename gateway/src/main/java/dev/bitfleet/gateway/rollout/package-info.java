/**
 * Loading a model on all nodes or on none: two-phase commit. Pure; what is to be sent comes out,
 * and what was answered goes in.
 *
 * <p>{@link dev.bitfleet.gateway.rollout.Rollout} is the coordinator. It lives in one gateway and
 * is lost with it: nodes that are left alone settle among themselves, see {@code RolloutCommand}.
 */
@NullMarked
package dev.bitfleet.gateway.rollout;

import org.jspecify.annotations.NullMarked;
