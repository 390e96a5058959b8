/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_check - what must hold before anything is touched
 *
 * checkBeforeUpdate: cgroup v2 takes a limit below what the group uses and kills
 * in it; who asked for the check wants the refusal instead.
 */
#include <stdlib.h>
#include <string.h>

#include "hook/apply.h"

int step_check(struct apply *ap, struct record_step *s, struct error *e)
{
	unsigned long long limit = strtoull(s->step.value, NULL, 10), used = 0;
	const char *file = s->step.file;

	while (*file) {
		size_t n = strcspn(file, " ");
		const char *name = arena_copy(ap->arena, file, n);
		const char *live;
		int r;

		r = cgroupfs_read(&live, ap->fs, s->step.controller, s->step.path, name, e);
		if (r < 0)
			return -1;
		if (r == 0)
			used += strtoull(live, NULL, 10);
		file += n + (file[n] == ' ');
	}
	if (used <= limit)
		return 0;
	return error_set(e, ERROR_HOST,
			 "%s: the group uses %llu bytes, more than the limit of %llu, and "
			 "checkBeforeUpdate asks for a refusal then",
			 cgroupfs_path(ap->fs, s->step.controller, s->step.path, NULL), used,
			 limit);
}
