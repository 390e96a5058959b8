/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change - more steps for a container that is set up, as a transaction
 *
 * What add, update, device and poststart share. The record that goes to the disk
 * before the first step knows all of them, so that teardown goes back to what was
 * there before the first setup. A step that fails takes back those of this change
 * only, and the record of before is saved again. After a kill -9 in between the
 * record holds what was wanted: check tells what is missing, update does it.
 */
#ifndef VMCG_HOOK_CHANGE_H
#define VMCG_HOOK_CHANGE_H

#include "hook/apply.h"
#include "hook/context.h"

struct change {
	struct context *context;
	struct store store;
	struct cgroupfs fs;
	struct record before; /* as it was found */
	struct record after;  /* as it will be; the caller fills in all but the steps */
	struct record work;   /* the steps of this change, once it has been made */
};

#define CHANGE_NONE ((struct change){.store = STORE_NONE})

/*
 * Lock and load the record of id, finished and of this boot; thaw what a killed
 * vmcg left frozen. Ends with change_close, whatever is returned. ERROR_HOST.
 */
int change_open(struct change *c, struct context *context, const char *id, struct error *e);

/* The same for a stage that has opened and locked the store and loaded c->before: only the rest. */
int change_begin(struct change *c, struct context *context, struct error *e);

/*
 * Take steps, beginning with none taken. ap has the processes that are placed, and the
 * unit's properties where a step needs them. --dry-run: nothing is done. ERROR_HOST,
 * ERROR_FAILED, ERROR_UNDO.
 */
int change_run(struct change *c, struct apply *ap, const struct plan_step *steps, size_t n,
	       struct error *e);

void change_close(struct change *c);

#endif
