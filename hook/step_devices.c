/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_devices - the device filter of one group
 */
#include <string.h>

#include "hook/apply.h"

/* What the first setup saw. */
static const char *first_look(const struct apply *ap, const struct record_step *s)
{
	const struct record_step *known = ap->stored ? record_devices(ap->stored, &s->step) : NULL;

	return known ? known->old : s->old;
}

int step_devices(struct apply *ap, struct record_step *s, struct error *e)
{
	const struct record *r = ap->record;
	bool is_target = strcmp(s->step.path, r->path) == 0;
	int version = apply_version(ap, &s->step);
	const struct devfilter_extension x = {.policy = &r->devices,
					      .denied = &r->denied,
					      .told_systemd = r->manager == MANAGER_SYSTEMD,
					      .programs = is_target ? ap->programs : NULL,
					      .n_programs = is_target ? ap->n_programs : 0,
					      .unit_has_all = r->manager == MANAGER_SYSTEMD &&
							      is_target && !ap->change.n,
					      .former = ap->partial ? &r->before : NULL,
					      .former_denied = &r->former_denied,
					      .old = first_look(ap, s)};
	struct devfilter replaced = {.fd = -1};

	if (r->mode == MODE_OWN)
		return devfilter_set(ap->fs, version, s->step.path, &r->devices,
				     ap->partial ? &r->before : NULL, e);
	if (devfilter_extend(&replaced, ap->fs, version, s->step.path, &x, e) < 0)
		return -1;
	if (replaced.fd >= 0)
		*ARENA_APPEND(ap->arena, ap->filters, ap->n_filters) = replaced;
	return 0;
}
