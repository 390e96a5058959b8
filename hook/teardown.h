/* SPDX-License-Identifier: Apache-2.0 */
/*
 * teardown - take down what a record says, and drop the record
 *
 * Neither the bundle nor config.json is read. Everything gone already, or no
 * record at all, is success at poststop.
 */
#ifndef VMCG_HOOK_TEARDOWN_H
#define VMCG_HOOK_TEARDOWN_H

#include "hook/context.h"
#include "hook/store.h"

/* Undo everything and remove the record; the id is locked. goes_on: this run has more to do, for
 * which systemd may be needed. ERROR_UNDO: the record stays. */
int teardown_record(struct context *c, struct store *store, const struct record *r, bool goes_on,
		    struct error *e);

int teardown_poststop(struct context *c, struct error *e); /* the stage: id from the state */
int teardown_destroy(struct context *c, struct error *e);  /* vmcg destroy ID */

#endif
