/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage_read - the control files behind usage.h, read
 */
#ifndef VMCG_HOOK_USAGE_READ_H
#define VMCG_HOOK_USAGE_READ_H

#include "hook/cgroupfs.h"
#include "hook/usage.h"

/* What the record's target uses. What is not there is not set. */
void usage_read(struct usage *ret, struct cgroupfs *fs, const struct record *r);

/* Only what list shows: memory with its limit, processor time, and whether it is paused. */
void usage_read_brief(struct usage *ret, struct cgroupfs *fs, const struct record *r);

#endif
