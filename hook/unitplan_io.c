/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan_io - block I/O as properties of a unit
 *
 * Weights. systemd writes both files of v2 from one number: io.weight as it is, and
 * io.bfq.weight scaled down above 100. Where a wish goes to both, the one for bfq is
 * said exactly, as the kernels that have the file mostly use it.
 *
 * Throttles. One property for each of the four limits, each a list of devices.
 */
#include <string.h>

#include "hook/convert.h"
#include "hook/planner.h"
#include "hook/unitplan_work.h"

#define BFQ_FILE    "io.bfq.weight"
#define WEIGHT_FILE "io.weight"

enum { WEIGHT_MAX = 10000, BFQ_MAX = 1000, BFQ_SCALED_FROM = 100, BFQ_SCALE = 11 };
/* BlockIOWeight ends at 1000, and is scaled down for bfq on v1 as well. */
enum { BFQ_V1_MAX = BFQ_SCALED_FROM + (1000 - BFQ_SCALED_FROM) / BFQ_SCALE };

/* --- weights --- */

static uint64_t to_bfq(uint64_t weight)
{
	return weight <= BFQ_SCALED_FROM ? weight
					 : BFQ_SCALED_FROM + (weight - BFQ_SCALED_FROM) / BFQ_SCALE;
}

static uint64_t from_bfq(uint64_t weight)
{
	return weight <= BFQ_SCALED_FROM ? weight
					 : BFQ_SCALED_FROM + (weight - BFQ_SCALED_FROM) * BFQ_SCALE;
}

/* A line of a weight file: "200", "default 200" or "8:0 200". */
struct weight {
	const char *device; /* "8:0"; "" for the default */
	uint64_t number;
};

/* "MAJOR:MINOR"? */
static bool is_device(const char *s, size_t len)
{
	const char *colon = memchr(s, ':', len);
	uint64_t n;

	return colon && convert_digits(s, (size_t)(colon - s), &n) &&
	       convert_digits(colon + 1, len - (size_t)(colon - s) - 1, &n);
}

static bool read_weight(const struct unitplan_work *w, const struct plan_step *s,
			struct weight *ret)
{
	const char *value = unitplan_trim(w, s->value);
	size_t n = strcspn(value, " \t");

	ret->device = "";
	if (value[n]) {
		if (is_device(value, n))
			ret->device = arena_copy(w->arena, value, n);
		else if (n != strlen("default") || strncmp(value, "default", n) != 0)
			return false;
		value += n + strspn(value + n, " \t");
	}
	return convert_digits(value, strlen(value), &ret->number) && ret->number > 0 &&
	       ret->number <= (strcmp(s->file, BFQ_FILE) == 0 ? BFQ_MAX : WEIGHT_MAX);
}

/* Is s a write of a weight for the same device (NULL: any), and which? */
static bool is_weight(const struct unitplan_work *w, const struct plan_step *s, const char *device,
		      struct weight *ret)
{
	return (unitplan_writes(w, s, BFQ_FILE) || unitplan_writes(w, s, WEIGHT_FILE)) &&
	       read_weight(w, s, ret) && strcmp(ret->device, device) == 0;
}

/* Was the wish behind a step for io.weight said more exactly for bfq? */
static bool follows_bfq(const struct unitplan_work *w, const struct plan_step *s,
			const char *device)
{
	struct weight other;

	for (size_t i = 0; strcmp(s->file, WEIGHT_FILE) == 0 && i < w->n_steps; i++)
		if (is_weight(w, &w->steps[i], device, &other) &&
		    strcmp(w->steps[i].file, BFQ_FILE) == 0 && strcmp(w->steps[i].why, s->why) == 0)
			return true;
	return false;
}

/* The step that decides the weight of a device, and what systemd is told: the last wish wins. */
static const struct plan_step *deciding_step(const struct unitplan_work *w, const char *device,
					     uint64_t *ret)
{
	const struct plan_step *winner = NULL;
	struct weight x;

	for (size_t i = 0; i < w->n_steps; i++) {
		const struct plan_step *s = &w->steps[i];

		if (!is_weight(w, s, device, &x) || follows_bfq(w, s, device))
			continue;
		winner = s;
		*ret = strcmp(s->file, BFQ_FILE) == 0 ? from_bfq(x.number) : x.number;
	}
	return winner;
}

/* Does a later step write the same line of the same file? */
static bool is_replaced(const struct unitplan_work *w, const struct plan_step *s,
			const char *device)
{
	struct weight later;

	for (const struct plan_step *at = s + 1; at < w->steps + w->n_steps; at++)
		if (is_weight(w, at, device, &later) && strcmp(at->file, s->file) == 0)
			return true;
	return false;
}

int unitplan_io_weight(struct unitplan_work *w, const struct unitplan_row *row,
		       const struct plan_step *s, const char **ret, struct error *e)
{
	const struct plan_step *winner;
	struct weight asked;
	uint64_t weight = 0, here;

	if (!read_weight(w, s, &asked))
		return planner_bad(s->why, e,
				   "value \"%s\": expected WEIGHT, or MAJOR:MINOR WEIGHT, from 1 "
				   "to %d",
				   s->value,
				   strcmp(row->file, BFQ_FILE) == 0 ? BFQ_MAX : WEIGHT_MAX);
	if (is_replaced(w, s, asked.device))
		return 0;
	winner = deciding_step(w, asked.device, &weight);
	here = strcmp(row->file, BFQ_FILE) == 0 ? to_bfq(weight) : weight;
	if (here != asked.number && strcmp(winner->why, s->why) != 0)
		plan_warn(w->plan, "%s: %s becomes %llu, systemd makes it from the weight of %s",
			  s->why, s->file, (unsigned long long)here, winner->why);
	if (*asked.device)
		unitplan_limit_item(w, "IODeviceWeight",
				    arena_printf(w->arena, "/dev/block/%s", asked.device), weight,
				    winner->why);
	else
		unitplan_limit(w, "IOWeight", "t", winner->why)->number = weight;
	*ret = arena_printf(w->arena, "%s%s%llu", asked.device, *asked.device ? " " : "",
			    (unsigned long long)here);
	return 0;
}

/* Up to 100 as it is; above, in steps of 11 that systemd divides again, as far as they reach. */
int unitplan_bfq_v1(struct unitplan_work *w, const struct unitplan_row *row,
		    const struct plan_step *s, const char **ret, struct error *e)
{
	const char *value = unitplan_trim(w, s->value);
	uint64_t weight;

	if (!convert_digits(value, strlen(value), &weight))
		return planner_bad(s->why, e, "value \"%s\": expected a number", value);
	if (weight > BFQ_V1_MAX) {
		plan_warn(w->plan,
			  "%s: %s can say at most %d for bfq: %llu is written by hand, and a "
			  "daemon-reload may reset it",
			  s->why, row->property, BFQ_V1_MAX, (unsigned long long)weight);
		return UNITPLAN_E_FILE;
	}
	unitplan_limit(w, row->property, "t", s->why)->number = from_bfq(weight);
	*ret = value;
	return 0;
}

/* --- throttles --- */

static const struct {
	const char *key, *property;
} throttles[] = {
    {"rbps", "IOReadBandwidthMax"},
    {"wbps", "IOWriteBandwidthMax"},
    {"riops", "IOReadIOPSMax"},
    {"wiops", "IOWriteIOPSMax"},
};

enum { N_THROTTLES = sizeof(throttles) / sizeof(*throttles) };

/* A line of io.max. */
struct line {
	const char *device;
	bool set[N_THROTTLES];
	uint64_t rate[N_THROTTLES]; /* UNITPROP_INFINITY: max */
};

/* "rbps=1048576" or "wiops=max" */
static bool read_pair(const char *s, size_t len, struct line *ret)
{
	for (size_t i = 0; i < N_THROTTLES; i++) {
		size_t n = strlen(throttles[i].key);

		if (len <= n || strncmp(s, throttles[i].key, n) != 0 || s[n] != '=')
			continue;
		s += n + 1;
		len -= n + 1;
		ret->set[i] = true;
		ret->rate[i] = UNITPROP_INFINITY;
		return (len == 3 && strncmp(s, "max", 3) == 0) ||
		       convert_digits(s, len, &ret->rate[i]);
	}
	return false;
}

static bool read_line(const struct unitplan_work *w, const char *value, struct line *ret)
{
	size_t n;

	value = unitplan_trim(w, value);
	n = strcspn(value, " \t");
	*ret = (struct line){.device = arena_copy(w->arena, value, n)};
	if (!is_device(value, n) || !value[n])
		return false;
	while (value[n]) {
		value += n + strspn(value + n, " \t");
		n = strcspn(value, " \t");
		if (!read_pair(value, n, ret))
			return false;
	}
	return true;
}

/* Take out of a line what later lines for the same device set again. */
static void drop_replaced(const struct unitplan_work *w, const struct plan_step *s,
			  struct line *line)
{
	struct line later;

	for (const struct plan_step *at = s + 1; at < w->steps + w->n_steps; at++) {
		if (!unitplan_writes(w, at, s->file) || !read_line(w, at->value, &later) ||
		    strcmp(later.device, line->device) != 0)
			continue;
		for (size_t i = 0; i < N_THROTTLES; i++)
			line->set[i] = line->set[i] && !later.set[i];
	}
}

int unitplan_io_max(struct unitplan_work *w, const struct unitplan_row *row,
		    const struct plan_step *s, const char **ret, struct error *e)
{
	const char *value, *path;
	struct line line;
	bool any = false;

	(void)row;
	if (!read_line(w, s->value, &line))
		return planner_bad(s->why, e,
				   "value \"%s\": expected MAJOR:MINOR and rbps=, wbps=, riops= or "
				   "wiops= with a number or max",
				   s->value);
	drop_replaced(w, s, &line);
	value = line.device;
	path = arena_printf(w->arena, "/dev/block/%s", line.device);
	for (size_t i = 0; i < N_THROTTLES; i++) {
		if (!line.set[i])
			continue;
		any = true;
		unitplan_limit_item(w, throttles[i].property, path, line.rate[i], s->why);
		value = line.rate[i] == UNITPROP_INFINITY
			    ? arena_printf(w->arena, "%s %s=max", value, throttles[i].key)
			    : arena_printf(w->arena, "%s %s=%llu", value, throttles[i].key,
					   (unsigned long long)line.rate[i]);
	}
	*ret = any ? value : NULL;
	return 0;
}
