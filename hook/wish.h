/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wish - what of a record's values is still to be seen in the control files
 *
 * Pure. One file may have been set twice (by a limit, and again by
 * linux.resources.unified): the later word stands. Of files with a line for each
 * device that holds for each line, and of lines of pairs for each pair.
 */
#ifndef VMCG_HOOK_WISH_H
#define VMCG_HOOK_WISH_H

#include "hook/record.h"

/* What must still be read of step i, a "write" or "verify"; NULL: a later step took all of it over,
 * or it cannot be read back. */
const char *wish_value(const struct record *r, size_t i, struct arena *a);

/* The other of the two weight files that step i's wish was offered to, of which one is enough: the
 * step that wrote it, or NULL. */
const struct plan_step *wish_twin(const struct record *r, size_t i, struct arena *a);

/* Of what a file shows the part that value is about: the line of its device, or all of it. NULL:
 * there is no such line. */
const char *wish_shown(const struct record *r, const struct plan_step *s, const char *live,
		       struct arena *a);

#endif
