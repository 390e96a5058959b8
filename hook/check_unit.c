/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_unit - the unit of the record, as systemd has it now
 */
#include <string.h>

#include "hook/check_work.h"
#include "hook/devnode.h"
#include "hook/unitdrift.h"

/* The step that made the unit, or changed it: why there is one. */
static const char *why_of(const struct record *r)
{
	for (size_t i = 0; i < r->n_steps; i++)
		if (r->steps[i].step.op == PLAN_START || r->steps[i].step.op == PLAN_SET)
			return r->steps[i].step.why;
	return "/linux/cgroupsPath";
}

/* ActiveState too: a unit that failed, or is on its way out, limits nobody. */
static const char *const *names_to_get(const struct unit_properties *wanted, struct arena *a)
{
	const char *const *names = unitdrift_names(wanted, a);
	const char **all;
	size_t n = 0;

	while (names[n])
		n++;
	all = arena_alloc(a, (n + 2) * sizeof(*all));
	memcpy(all, names, n * sizeof(*all));
	all[n] = "ActiveState";
	all[n + 1] = NULL;
	return all;
}

/* The device list with numbers where it names nodes. NULL: there is none. */
static const struct unit_property *by_numbers(const struct unit_properties *live, struct arena *a)
{
	const struct unit_property *list = unitprop_find(live, "DeviceAllow");
	struct unit_property *ret;

	if (!list)
		return NULL;
	ret = ARENA_NEW(a, struct unit_property);
	*ret = *list;
	ret->items = arena_alloc(a, (list->n_items + 1) * sizeof(*ret->items));
	for (size_t i = 0; i < list->n_items; i++) {
		const char *numbers = devnode_unit_name(list->items[i].key, a);

		ret->items[i] = list->items[i];
		if (numbers)
			ret->items[i].key = numbers;
	}
	return ret;
}

int check_unit(struct check *c, struct systemd *s, struct error *e)
{
	const struct record *r = c->record;
	struct unit_properties wanted = {0}, live = {0};
	struct unitdrift u = {.unit = r->unit,
			      .wanted = &wanted,
			      .live = &live,
			      .own = r->mode == MODE_OWN,
			      .denied = &r->denied};
	const struct unit_property *state;
	int got;

	c->drift.unit = r->unit;
	if (r->properties &&
	    unitprop_parse(&wanted, c->arena, r->id, r->properties, strlen(r->properties), e) < 0)
		return -1;
	got = systemd_get(&live, s, r->unit, names_to_get(&wanted, c->arena), e);
	if (got < 0)
		return -1;
	state = unitprop_find(&live, "ActiveState");
	if (got == SYSTEMD_ABSENT || (state && state->text && strcmp(state->text, "active") != 0)) {
		drift_add(&c->drift, DRIFT_UNIT, r->unit, "active",
			  got == SYSTEMD_ABSENT ? "not loaded" : state->text, why_of(r));
		return 0;
	}
	u.numbered = u.own ? NULL : by_numbers(&live, c->arena);
	unitdrift_compare(&c->drift, &u);
	return 0;
}
