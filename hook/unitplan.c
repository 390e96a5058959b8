/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan - the part of a plan that systemd carries out
 */
#include "hook/unitplan.h"

const char *unitplan_description(const char *id, struct arena *a)
{
	return arena_printf(a, "VM of container %s (vmcg)", id);
}

int unitplan(struct plan *p, const struct unitplan_input *in, struct error *e)
{
	(void)p;
	(void)in;
	(void)e;
	return 0;
}
