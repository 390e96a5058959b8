/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources_merge - settings that were given, changed by a file that names some of them
 *
 * The rule is that of runc-update(8): what the change does not name keeps its
 * value, so a new quota goes with the period that was there. It is extended to
 * the fields that runc cannot update.
 */
#ifndef VMCG_OCI_RESOURCES_MERGE_H
#define VMCG_OCI_RESOURCES_MERGE_H

#include "oci/resources.h"

/*
 * Put a change over base.
 *
 *   scalars          the change's value, if it has one. For cpu.cpus and mems "",
 *                    and 0 for most numbers, counts as absent, as in every config.
 *   lists            entry by entry: a new one is appended, one of the same key
 *                    keeps its place and is changed. The keys are the device's
 *                    numbers (weightDevice, the throttles), the page size, the
 *                    RDMA device, the interface, the file's name (unified). Of
 *                    several with one key it is the last, which is the one in
 *                    force. weight, leafWeight, hcaHandles and hcaObjects change
 *                    each on its own; the other entries as a whole.
 *   devices          rules have no key and their order has a meaning: a list that is
 *                    not empty replaces the one in base.
 *   memory.swap      as runc has it: a change to limit -1 that says nothing about
 *                    swap lifts a limit on swap, too, which could not stay alone.
 *
 * So an empty list or object changes nothing, and no entry of a list can be removed.
 * base->base stays. Lists and strings are borrowed from both, or in the arena; the
 * lists that base had are not written to.
 */
void oci_resources_merge(struct oci_resources *base, const struct oci_resources *change,
			 struct arena *a);

#endif
