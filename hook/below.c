/* SPDX-License-Identifier: Apache-2.0 */
/*
 * below - the groups that a runtime makes below its scope, with the container's limits again
 */
#include "hook/below.h"

#include <stdlib.h>
#include <string.h>

#include "hook/convert.h"

/* --- which files --- */

enum order {
	NONE,  /* no limit: a lower one below does not count */
	BYTES, /* a number, of which less is narrower; "max" and -1 are none */
	PERIOD,
	LIST,
};

/* Files that hold a limit which the narrowest of all groups on the way decides. */
static enum order order_of(const char *file)
{
	static const struct {
		const char *file;
		enum order order;
	} rows[] = {
	    {"memory.max", BYTES},
	    {"memory.high", BYTES},
	    {"memory.swap.max", BYTES},
	    {"memory.limit_in_bytes", BYTES},
	    {"memory.memsw.limit_in_bytes", BYTES},
	    {"cpu.max", BYTES},
	    {"cpu.cfs_quota_us", BYTES},
	    {"cpu.cfs_period_us", PERIOD},
	    {"pids.max", BYTES},
	    {"cpuset.cpus", LIST},
	    {"cpuset.mems", LIST},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(file, rows[i].file) == 0)
			return rows[i].order;
	return strncmp(file, "hugetlb.", strlen("hugetlb.")) == 0 ? BYTES : NONE;
}

/* --- does it go along? --- */

static bool is_unlimited(const char *value)
{
	return !*value || *value == '-' || strncmp(value, "max", 3) == 0;
}

/* What was written to a file of a group; NULL: nothing. */
static const char *recorded(const struct record *r, const char *path, const char *file)
{
	const char *value = NULL;

	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		if ((s->op == PLAN_WRITE || s->op == PLAN_VERIFY) && strcmp(s->path, path) == 0 &&
		    strcmp(s->file, file) == 0)
			value = s->value;
	}
	return value;
}

bool below_follows(const struct record *r, const struct plan_step *s, const char *below,
		   const struct below_sight *sight)
{
	const char *was;

	if ((s->op != PLAN_WRITE && s->op != PLAN_VERIFY) || order_of(s->file) == NONE ||
	    !sight->live)
		return false;
	if (recorded(r, below, s->file))
		return true;
	if (is_unlimited(sight->live))
		return false;
	was = recorded(r, s->path, s->file);
	return (sight->above && strcmp(sight->live, sight->above) == 0) ||
	       (was && strcmp(sight->live, was) == 0);
}

/* --- when? --- */

static unsigned long long number(const char *value)
{
	return is_unlimited(value) ? ~0ULL : strtoull(value, NULL, 10);
}

/* Is one list part of the other? */
static bool is_part(const char *narrow, const char *wide, struct arena *a)
{
	struct convert_list part, whole;

	return convert_list_parse(&part, a, narrow, NULL) == 0 &&
	       convert_list_parse(&whole, a, wide, NULL) == 0 &&
	       convert_list_contains(&whole, &part);
}

bool below_goes_first(const struct plan_step *s, const struct below_sight *sight, struct arena *a)
{
	const char *above = sight->above ? sight->above : "";

	switch (order_of(s->file)) {
	case BYTES: return number(s->value) < number(above);
	case PERIOD: return number(s->value) > number(above);
	case LIST: return is_part(s->value, above, a);
	case NONE: break;
	}
	return false;
}
