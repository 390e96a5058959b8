/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan_limits - control files as properties of a unit
 *
 * One table says which file has a property, and since when. A write whose file has
 * one becomes the property; for a unit of our own what stays of the step is to
 * verify what systemd wrote. Where several writes go to one file the last counts.
 */
#include <string.h>

#include "hook/convert.h"
#include "hook/planner.h"
#include "hook/unitplan_work.h"

/* --- conversions --- */

static bool is_unlimited(const char *value)
{
	return strcmp(value, "max") == 0 || strcmp(value, "-1") == 0;
}

static void warn_by_hand(struct unitplan_work *w, const struct plan_step *s, const char *reason)
{
	plan_warn(w->plan, "%s: %s: %s is written by hand, and a daemon-reload may reset it",
		  s->why, reason, s->file);
}

/* Bytes; systemd's word for no limit is the largest number. */
static int convert_limit(struct unitplan_work *w, const struct unitplan_row *row,
			 const struct plan_step *s, const char **ret, struct error *e)
{
	const char *value = unitplan_trim(w, s->value);
	uint64_t bytes = UNITPROP_INFINITY;

	if (!is_unlimited(value) && !convert_bytes(value, strlen(value), &bytes))
		return planner_bad(s->why, e, "value \"%s\": expected max or bytes", value);
	unitplan_limit(w, row->property, "t", s->why)->number = bytes;
	*ret = bytes != UNITPROP_INFINITY
		   ? arena_printf(w->arena, "%llu", (unsigned long long)bytes)
	       : row->version == 1 ? "-1"
				   : "max";
	return 0;
}

/* The same for what systemd takes no 0 for. A runtime's unit may have it in the file. */
static int convert_positive(struct unitplan_work *w, const struct unitplan_row *row,
			    const struct plan_step *s, const char **ret, struct error *e)
{
	uint64_t bytes;
	const char *value = unitplan_trim(w, s->value);

	if (!convert_bytes(value, strlen(value), &bytes) || bytes != 0)
		return convert_limit(w, row, s, ret, e);
	if (w->own)
		return planner_unfit(s->why, e,
				     "value 0: systemd takes no %s of 0; ask for a page or more, "
				     "or use --cgroup-manager cgroupfs",
				     row->property);
	warn_by_hand(w, s, arena_printf(w->arena, "systemd takes no %s of 0", row->property));
	return UNITPLAN_E_FILE;
}

static int convert_tasks(struct unitplan_work *w, const struct unitplan_row *row,
			 const struct plan_step *s, const char **ret, struct error *e)
{
	const char *value = unitplan_trim(w, s->value);
	uint64_t n = UNITPROP_INFINITY;

	if (!is_unlimited(value) && !convert_digits(value, strlen(value), &n))
		return planner_bad(s->why, e, "value \"%s\": expected max or a number", value);
	if (n == 0) {
		plan_warn(w->plan, "%s: 0 becomes 1, systemd takes no 0 (no fork works either way)",
			  s->why);
		n = 1;
	}
	unitplan_limit(w, row->property, "t", s->why)->number = n;
	*ret =
	    n == UNITPROP_INFINITY ? "max" : arena_printf(w->arena, "%llu", (unsigned long long)n);
	return 0;
}

/* A list of CPUs or nodes as bits, the lowest of the first byte is number 0. */
static int convert_mask(struct unitplan_work *w, const struct unitplan_row *row,
			const struct plan_step *s, const char **ret, struct error *e)
{
	struct convert_list list;
	struct unit_property *p;
	unsigned char *bytes;
	const char *bad;

	if (convert_list_parse(&list, w->arena, s->value, &bad))
		return planner_bad(s->why, e, "value \"%s\": %s (expected a list like 0-3,5)",
				   s->value, bad);
	p = unitplan_limit(w, row->property, "ay", s->why);
	p->n_bytes = list.n ? list.ranges[list.n - 1].last / 8 + 1 : 0;
	p->bytes = bytes = arena_alloc(w->arena, p->n_bytes + 1);
	for (size_t i = 0; i < list.n; i++)
		for (uint64_t n = list.ranges[i].first; n <= list.ranges[i].last; n++)
			bytes[n / 8] |= (unsigned char)(1U << n % 8);
	*ret = convert_list_format(&list, w->arena);
	return 0;
}

static int parse_truth(bool *ret, const char *value, const char *why, struct error *e)
{
	*ret = strcmp(value, "1") == 0;
	if (!*ret && strcmp(value, "0") != 0)
		return planner_bad(why, e, "value \"%s\": expected 0 or 1", value);
	return 0;
}

static int convert_oom(struct unitplan_work *w, const struct unitplan_row *row,
		       const struct plan_step *s, const char **ret, struct error *e)
{
	const char *value = unitplan_trim(w, s->value);
	bool group;

	if (parse_truth(&group, value, s->why, e) < 0)
		return -1;
	unitplan_limit(w, row->property, "s", s->why)->text = group ? "kill" : "continue";
	*ret = value;
	return 0;
}

static int convert_truth(struct unitplan_work *w, const struct unitplan_row *row,
			 const struct plan_step *s, const char **ret, struct error *e)
{
	const char *value = unitplan_trim(w, s->value);
	bool truth;

	if (parse_truth(&truth, value, s->why, e) < 0)
		return -1;
	unitplan_limit(w, row->property, "b", s->why)->number = truth;
	*ret = value;
	return 0;
}

/* --- the table --- */

static const struct unitplan_row rows[] = {
    {.version = 2,
     .file = "memory.max",
     .property = "MemoryMax",
     .since = 231,
     .at_rest = "max",
     .convert = convert_positive},
    {.version = 2,
     .file = "memory.high",
     .property = "MemoryHigh",
     .since = 231,
     .at_rest = "max",
     .convert = convert_positive},
    {.version = 2,
     .file = "memory.low",
     .property = "MemoryLow",
     .since = 231,
     .at_rest = "0",
     .convert = convert_limit},
    {.version = 2,
     .file = "memory.min",
     .property = "MemoryMin",
     .since = 240,
     .at_rest = "0",
     .convert = convert_limit},
    {.version = 2,
     .file = "memory.swap.max",
     .property = "MemorySwapMax",
     .since = 232,
     .at_rest = "max",
     .convert = convert_limit},
    {.version = 2,
     .file = "memory.zswap.max",
     .property = "MemoryZSwapMax",
     .since = 253,
     .at_rest = "max",
     .convert = convert_limit},
    {.version = 2,
     .file = "memory.zswap.writeback",
     .property = "MemoryZSwapWriteback",
     .since = 256,
     .at_rest = "1",
     .convert = convert_truth},
    {.version = 2,
     .file = "memory.oom.group",
     .property = "OOMPolicy",
     .since = 253,
     .at_rest = "0",
     .start_only = true,
     .convert = convert_oom},
    {.version = 2,
     .file = "pids.max",
     .property = "TasksMax",
     .since = 227,
     .convert = convert_tasks},
    {.version = 2,
     .file = "cpu.weight",
     .property = "CPUWeight",
     .since = 232,
     .at_rest = "100",
     .convert = unitplan_cpu_weight},
    {.version = 2,
     .file = "cpu.idle",
     .property = "CPUWeight of 0",
     .since = 252,
     .at_rest = "0",
     .convert = unitplan_cpu_idle},
    {.version = 2,
     .file = "cpu.max",
     .property = "CPUQuotaPerSecUSec",
     .since = 213,
     .convert = unitplan_cpu_max},
    {.version = 2,
     .file = "cpuset.cpus",
     .property = "AllowedCPUs",
     .since = 244,
     .convert = convert_mask},
    {.version = 2,
     .file = "cpuset.mems",
     .property = "AllowedMemoryNodes",
     .since = 244,
     .convert = convert_mask},
    {.version = 2,
     .file = "io.weight",
     .property = "IOWeight",
     .since = 230,
     .lines = true,
     .convert = unitplan_io_weight},
    {.version = 2,
     .file = "io.bfq.weight",
     .property = "IOWeight",
     .since = 230,
     .lines = true,
     .convert = unitplan_io_weight},
    {.version = 2,
     .file = "io.max",
     .property = "IOReadBandwidthMax",
     .since = 230,
     .lines = true,
     .convert = unitplan_io_max},
    {.version = 1,
     .file = "memory.limit_in_bytes",
     .property = "MemoryLimit",
     .until = 258,
     .at_rest = "-1",
     .convert = convert_limit},
    {.version = 1,
     .file = "pids.max",
     .property = "TasksMax",
     .since = 227,
     .convert = convert_tasks},
    {.version = 1,
     .file = "cpu.shares",
     .property = "CPUShares",
     .until = 258,
     .at_rest = "1024",
     .convert = unitplan_cpu_weight},
    {.version = 1,
     .file = "cpu.cfs_quota_us",
     .property = "CPUQuotaPerSecUSec",
     .since = 213,
     .convert = unitplan_cfs},
    {.version = 1,
     .file = "cpu.cfs_period_us",
     .property = "CPUQuotaPerSecUSec",
     .since = 213,
     .convert = unitplan_cfs},
    {.version = 1,
     .file = "blkio.weight",
     .property = "BlockIOWeight",
     .until = 258,
     .convert = unitplan_cpu_weight},
    {.version = 1,
     .file = "blkio.bfq.weight",
     .property = "BlockIOWeight",
     .until = 258,
     .convert = unitplan_bfq_v1},
};

static const struct unitplan_row *find_row(const struct unitplan_work *w, const struct plan_step *s)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].version == w->version && unitplan_writes(w, s, rows[i].file))
			return &rows[i];
	return NULL;
}

/* --- steps --- */

bool unitplan_writes(const struct unitplan_work *w, const struct plan_step *s, const char *file)
{
	int version = facts_mount(w->facts, s->controller) ? 1 : 2;

	return s->op == PLAN_WRITE && version == w->version && strcmp(s->file, file) == 0 &&
	       strcmp(s->path, w->plan->path) == 0;
}

const struct plan_step *unitplan_last(const struct unitplan_work *w, const char *file)
{
	for (size_t i = w->n_steps; i-- > 0;)
		if (unitplan_writes(w, &w->steps[i], file))
			return &w->steps[i];
	return NULL;
}

const char *unitplan_trim(const struct unitplan_work *w, const char *value)
{
	size_t len;

	value += strspn(value, " \t");
	len = strlen(value);
	while (len && strchr(" \t", value[len - 1]))
		len--;
	return arena_copy(w->arena, value, len);
}

/* The write stays. What systemd leaves in the file by itself needs no word. */
static void warn_file_only(struct unitplan_work *w, const struct unitplan_row *row,
			   const struct plan_step *s)
{
	const char *reason;

	if (row->at_rest && strcmp(unitplan_trim(w, s->value), row->at_rest) == 0)
		return;
	if (!w->starting && row->start_only)
		reason = arena_printf(w->arena, "systemd takes %s when a unit starts only",
				      row->property);
	else
		reason = arena_printf(w->arena, "systemd %llu has no %s%s",
				      (unsigned long long)w->systemd, row->property,
				      row->until && w->systemd >= row->until ? " any more" : "");
	warn_by_hand(w, s, reason);
}

/* What becomes of a step whose property was said. value NULL: it is not needed any more. */
static void settle(const struct unitplan_work *w, struct plan_step *s, const char *value)
{
	if (!value) {
		s->file = NULL; /* taken out below */
		return;
	}
	s->value = value;
	if (w->own) {
		s->op = PLAN_VERIFY;
		s->phase = PHASE_LIMITS;
	}
}

static int convert_step(struct unitplan_work *w, size_t i, struct error *e)
{
	const struct plan_step *s = &w->steps[i];
	const struct unitplan_row *row = find_row(w, s);
	bool last = row && (row->lines || unitplan_last(w, row->file) == s);
	const char *value = NULL;
	int r;

	if (!row)
		return 0;
	if (!unitplan_has(w, row->since, row->until) || (row->start_only && !w->starting)) {
		if (last)
			warn_file_only(w, row, s);
		return 0;
	}
	if (last) {
		r = row->convert(w, row, s, &value, e);
		if (r)
			return r < 0 ? -1 : 0;
	}
	settle(w, &w->plan->steps[i], value);
	return 0;
}

int unitplan_limits(struct unitplan_work *w, struct error *e)
{
	struct plan *p = w->plan;
	size_t kept = 0;

	for (size_t i = 0; i < w->n_steps; i++)
		if (convert_step(w, i, e) < 0)
			return -1;
	for (size_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].op != PLAN_WRITE || p->steps[i].file)
			p->steps[kept++] = p->steps[i];
	p->n_steps = kept;
	return 0;
}
