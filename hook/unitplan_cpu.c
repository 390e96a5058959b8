/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan_cpu - weights and CPU bandwidth as properties of a unit
 *
 * systemd counts a quota in microseconds of a second, keeps it as whole percent,
 * and makes quota and period from it again: what it will come to is computed here,
 * as systemd does it, for the property and for the file.
 */
#include <string.h>

#include "hook/convert.h"
#include "hook/planner.h"
#include "hook/unitplan_work.h"

#define SECOND    UINT64_C(1000000) /* in microseconds */
#define MILLI     UINT64_C(1000)
/* The kernel's bounds, in microseconds. */
#define QUOTA_MAX ((UINT64_C(1) << 44) - 1)
enum { PERIOD_DEFAULT = 100000, PERIOD_SINCE = 242 };

/* --- weights --- */

/* cpu.weight, and on v1 cpu.shares and blkio.weight: the same number. An idle group has none. */
int unitplan_cpu_weight(struct unitplan_work *w, const struct unitplan_row *row,
			const struct plan_step *s, const char **ret, struct error *e)
{
	const struct plan_step *idle = row->version == 2 ? unitplan_last(w, "cpu.idle") : NULL;
	const char *value = unitplan_trim(w, s->value);
	uint64_t weight;

	if (!convert_digits(value, strlen(value), &weight))
		return planner_bad(s->why, e, "value \"%s\": expected a number", value);
	if (idle && strcmp(unitplan_trim(w, idle->value), "1") == 0) {
		plan_warn(w->plan, "%s: %s is left out, an idle group takes no weight", s->why,
			  value);
		return 0;
	}
	unitplan_limit(w, row->property, "t", s->why)->number = weight;
	*ret = value;
	return 0;
}

/* A weight of 0 is systemd's word for idle. Not idle is what every other weight says. */
int unitplan_cpu_idle(struct unitplan_work *w, const struct unitplan_row *row,
		      const struct plan_step *s, const char **ret, struct error *e)
{
	const char *value = unitplan_trim(w, s->value);
	bool idle = strcmp(value, "1") == 0;

	(void)row;
	if (!idle && strcmp(value, "0") != 0)
		return planner_bad(s->why, e, "value \"%s\": expected 0 or 1", value);
	if (idle)
		unitplan_limit(w, "CPUWeight", "t", s->why)->number = 0;
	*ret = value;
	return 0;
}

/* --- bandwidth --- */

struct bandwidth {
	uint64_t quota, period; /* quota: UNITPROP_INFINITY for none */
};

static int check(const struct bandwidth *b, const char *why, struct error *e)
{
	if (b->period < MILLI || b->period > SECOND)
		return planner_bad(why, e, "period %llu: expected 1000..1000000 microseconds",
				   (unsigned long long)b->period);
	if (b->quota != UNITPROP_INFINITY && (b->quota < MILLI || b->quota > QUOTA_MAX))
		return planner_bad(why, e, "quota %llu: expected max or 1000..%llu microseconds",
				   (unsigned long long)b->quota, (unsigned long long)QUOTA_MAX);
	return 0;
}

/* Why systemd makes something else of it. */
static const char *reason(const struct bandwidth *asked, const struct bandwidth *got)
{
	if (asked->quota * got->period != got->quota * asked->period)
		return "systemd counts in whole percent of a CPU";
	return "systemd before version 242 has one period";
}

static void note_rounding(struct unitplan_work *w, const struct bandwidth *asked,
			  const struct bandwidth *got, const char *why)
{
	if (asked->quota == got->quota && asked->period == got->period)
		return;
	if (asked->quota == UNITPROP_INFINITY)
		plan_note(w->plan,
			  "%s: the period of %llu is left out, systemd keeps none without a quota",
			  why, (unsigned long long)asked->period);
	else
		plan_note(w->plan, "%s: %llu of %llu microseconds becomes %llu of %llu, %s", why,
			  (unsigned long long)asked->quota, (unsigned long long)asked->period,
			  (unsigned long long)got->quota, (unsigned long long)got->period,
			  reason(asked, got));
}

/* Set the properties; *ret is what systemd makes of them. (It would stretch a period that is too
 * short for the kernel's least quota; here the quota is not below that.) */
static int set_bandwidth(struct unitplan_work *w, struct bandwidth asked, const char *why,
			 struct bandwidth *ret, struct error *e)
{
	bool has_period = unitplan_has(w, PERIOD_SINCE, 0);
	struct bandwidth got = {UNITPROP_INFINITY, PERIOD_DEFAULT};
	uint64_t percent, per_second = UNITPROP_INFINITY;

	if (check(&asked, why, e) < 0)
		return -1;
	if (asked.quota != UNITPROP_INFINITY) {
		percent = (asked.quota * 100 + asked.period - 1) / asked.period;
		per_second = percent * (SECOND / 100);
		got.period = has_period ? asked.period : PERIOD_DEFAULT;
		if (per_second > UINT64_MAX / got.period)
			return planner_unfit(why, e,
					     "%llu of %llu microseconds: more than systemd can "
					     "count; use max",
					     (unsigned long long)asked.quota,
					     (unsigned long long)asked.period);
		got.quota = per_second * got.period / SECOND;
	}
	unitplan_limit(w, "CPUQuotaPerSecUSec", "t", why)->number = per_second;
	/* A unit that runs may have another period than the default, which infinity stands for. */
	if (asked.quota != UNITPROP_INFINITY && has_period &&
	    (asked.period != PERIOD_DEFAULT || !w->starting))
		unitplan_limit(w, "CPUQuotaPeriodUSec", "t", why)->number =
		    asked.period == PERIOD_DEFAULT ? UNITPROP_INFINITY : asked.period;
	note_rounding(w, &asked, &got, why);
	*ret = got;
	return 0;
}

/* "QUOTA", "QUOTA PERIOD", quota a number or max; what is absent keeps the value it has. */
static bool read_max(struct unitplan_work *w, const char *value, struct bandwidth *b)
{
	size_t n;

	value = unitplan_trim(w, value);
	n = strcspn(value, " ");
	if (n == 3 && strncmp(value, "max", 3) == 0)
		b->quota = UNITPROP_INFINITY;
	else if (!convert_digits(value, n, &b->quota))
		return false;
	value += n;
	value += strspn(value, " ");
	return !*value || convert_digits(value, strlen(value), &b->period);
}

int unitplan_cpu_max(struct unitplan_work *w, const struct unitplan_row *row,
		     const struct plan_step *s, const char **ret, struct error *e)
{
	struct bandwidth b = {UNITPROP_INFINITY, PERIOD_DEFAULT};

	/* A quota alone keeps the period that an earlier write has set. */
	for (const struct plan_step *at = w->steps; at <= s; at++)
		if (unitplan_writes(w, at, row->file) && !read_max(w, at->value, &b))
			return planner_bad(at->why, e,
					   "value \"%s\": expected \"QUOTA PERIOD\" in "
					   "microseconds, QUOTA may be max",
					   at->value);
	if (set_bandwidth(w, b, s->why, &b, e) < 0)
		return -1;
	*ret = b.quota == UNITPROP_INFINITY
		   ? arena_printf(w->arena, "max %llu", (unsigned long long)b.period)
		   : arena_printf(w->arena, "%llu %llu", (unsigned long long)b.quota,
				  (unsigned long long)b.period);
	return 0;
}

/* v1 has two files for it: both are read, and the properties set, with the quota; a period
 * alone limits nothing. */
int unitplan_cfs(struct unitplan_work *w, const struct unitplan_row *row, const struct plan_step *s,
		 const char **ret, struct error *e)
{
	const struct plan_step *quota = unitplan_last(w, "cpu.cfs_quota_us");
	const struct plan_step *period = unitplan_last(w, "cpu.cfs_period_us");
	struct bandwidth b = {UNITPROP_INFINITY, PERIOD_DEFAULT};
	struct plan quiet = {.arena = w->arena}, *loud = w->plan;
	int r;

	(void)row;
	if ((quota && strcmp(quota->value, "-1") != 0 &&
	     !convert_digits(quota->value, strlen(quota->value), &b.quota)) ||
	    (period && !convert_digits(period->value, strlen(period->value), &b.period)))
		return planner_bad(s->why, e, "value \"%s\": expected microseconds", s->value);
	if (quota && s == period)
		w->plan = &quiet; /* the quota's step says it */
	r = set_bandwidth(w, b, quota ? quota->why : s->why, &b, e);
	w->plan = loud;
	if (r < 0)
		return -1;
	if (s == period)
		*ret = arena_printf(w->arena, "%llu", (unsigned long long)b.period);
	else
		*ret = b.quota == UNITPROP_INFINITY
			   ? "-1"
			   : arena_printf(w->arena, "%llu", (unsigned long long)b.quota);
	return 0;
}
