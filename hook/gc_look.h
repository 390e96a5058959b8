/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc_look - what there is to see of a recorded container: who runs, who is in its group
 */
#ifndef VMCG_HOOK_GC_LOOK_H
#define VMCG_HOOK_GC_LOOK_H

#include "hook/gc_verdict.h"

/* Look, under the lock of the record. yard: as for cgroupfs_open. A group that is gone is seen as
 * gone; one that cannot be looked at is an error: ERROR_HOST. */
int gc_look(struct gc_sight *ret, const struct record *r, const char *yard, struct arena *a,
	    struct error *e);

#endif
