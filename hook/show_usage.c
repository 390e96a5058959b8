/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_usage - what a group uses beside its limits, for people
 *
 * A line for each resource. What the kernel does not tell has no line, and
 * neither has what says nothing: a limit that is seldom set and is not, periods
 * in which nothing ran.
 */
#include <inttypes.h>

#include "hook/columns.h"
#include "hook/human.h"
#include "hook/show_work.h"

static bool is_limit(const struct opt_uint *v)
{
	return v->set && v->v != USAGE_NO_LIMIT;
}

/* --- memory --- */

/* "412 MiB of 512 MiB (80 %), peak 500 MiB" */
static void put_amount(struct text *out, const char *word, const struct usage *u,
		       enum usage_item current, enum usage_item max, enum usage_item peak)
{
	char used[HUMAN_MAX], limit[HUMAN_MAX], share[HUMAN_MAX], most[HUMAN_MAX];
	struct text line = {0};

	if (!u->v[current].set)
		return;
	text_puts(&line, human_bytes(used, u->v[current].v));
	if (is_limit(&u->v[max]))
		text_printf(&line, " of %s (%s)", human_bytes(limit, u->v[max].v),
			    human_percent(share, u->v[current].v, u->v[max].v));
	else if (u->v[max].set)
		text_puts(&line, ", no limit");
	if (u->v[peak].set)
		text_printf(&line, ", peak %s", human_bytes(most, u->v[peak].v));
	show_line(out, word, "%s", line.s);
	text_free(&line);
}

/* Limits that are seldom set: only where they do something. */
static void put_more_limits(const struct usage *u, struct text *out)
{
	static const struct {
		enum usage_item item;
		const char *word;
	} rows[] = {{USAGE_MEMORY_HIGH, "high"},
		    {USAGE_MEMORY_SOFT, "soft limit"},
		    {USAGE_MEMORY_LOW, "low"},
		    {USAGE_MEMORY_MIN, "min"},
		    {USAGE_SWAP_HIGH, "swap high"}};
	char size[HUMAN_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is_limit(&u->v[rows[i].item]) && u->v[rows[i].item].v)
			show_line(out, rows[i].word, "%s", human_bytes(size, u->v[rows[i].item].v));
}

static void put_events(const struct usage *u, struct text *out)
{
	static const struct {
		enum usage_item item;
		const char *before, *word;
	} rows[] = {{USAGE_EVENTS_MAX, "limit hit ", "time"},
		    {USAGE_EVENTS_HIGH, "above high ", "time"},
		    {USAGE_EVENTS_LOW, "reclaimed below low ", "time"},
		    {USAGE_EVENTS_OOM, "out of memory ", "time"},
		    {USAGE_EVENTS_OOM_KILL, "", "OOM kill"}};
	char count[HUMAN_MAX];
	struct text line = {0};
	bool known = false;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct opt_uint *v = &u->v[rows[i].item];

		known |= v->set;
		if (v->set && v->v)
			text_printf(&line, "%s%s%s", line.len ? ", " : "", rows[i].before,
				    human_count(count, v->v, rows[i].word));
	}
	if (u->v[USAGE_EVENTS_UNDER_OOM].v)
		text_printf(&line, "%swaiting for memory now", line.len ? ", " : "");
	if (known)
		show_line(out, "events", "%s", line.len ? line.s : "none");
	text_free(&line);
}

static void put_memory(const struct usage *u, struct text *out)
{
	char anon[HUMAN_MAX], file[HUMAN_MAX];

	put_amount(out, "memory", u, USAGE_MEMORY_CURRENT, USAGE_MEMORY_MAX, USAGE_MEMORY_PEAK);
	if (u->v[USAGE_MEMORY_ANON].set && u->v[USAGE_MEMORY_FILE].set)
		show_line(out, "", "%s anonymous, %s of files",
			  human_bytes(anon, u->v[USAGE_MEMORY_ANON].v),
			  human_bytes(file, u->v[USAGE_MEMORY_FILE].v));
	put_amount(out, "swap", u, USAGE_SWAP_CURRENT, USAGE_SWAP_MAX, USAGE_SWAP_PEAK);
	put_amount(out, "memory+swap", u, USAGE_MEMSW_CURRENT, USAGE_MEMSW_MAX, USAGE_MEMSW_PEAK);
	put_more_limits(u, out);
	put_events(u, out);
}

/* --- processor --- */

static void put_cpu_time(const struct usage *u, struct text *out)
{
	char all[HUMAN_MAX], user[HUMAN_MAX], system[HUMAN_MAX];

	if (!u->v[USAGE_CPU_TIME].set)
		return;
	human_usec(all, u->v[USAGE_CPU_TIME].v);
	if (u->v[USAGE_CPU_USER].set && u->v[USAGE_CPU_SYSTEM].set)
		show_line(out, "CPU time", "%s (user %s, system %s)", all,
			  human_usec(user, u->v[USAGE_CPU_USER].v),
			  human_usec(system, u->v[USAGE_CPU_SYSTEM].v));
	else
		show_line(out, "CPU time", "%s", all);
}

static void put_quota(const struct usage *u, struct text *out)
{
	const struct opt_uint *quota = &u->v[USAGE_CPU_QUOTA], *period = &u->v[USAGE_CPU_PERIOD];
	char cpus[HUMAN_MAX], part[HUMAN_MAX], whole[HUMAN_MAX];

	if (!quota->set)
		return;
	if (quota->v == USAGE_NO_LIMIT || !period->set)
		show_line(out, "CPU quota", "no limit");
	else
		show_line(out, "CPU quota", "%s CPUs (%s every %s)",
			  human_ratio(cpus, quota->v, period->v), human_usec(part, quota->v),
			  human_usec(whole, period->v));
}

static void put_throttling(const struct usage *u, struct text *out)
{
	char times[HUMAN_MAX], lost[HUMAN_MAX];

	if (!u->v[USAGE_CPU_PERIODS].set || !u->v[USAGE_CPU_PERIODS].v)
		return;
	human_count(times, u->v[USAGE_CPU_PERIODS].v, "period");
	show_line(out, "throttled", "in %" PRIu64 " of %s, for %s", u->v[USAGE_CPU_THROTTLED].v,
		  times, human_usec(lost, u->v[USAGE_CPU_THROTTLED_TIME].v));
}

static void put_cpu(const struct usage *u, struct text *out)
{
	put_cpu_time(u, out);
	put_quota(u, out);
	put_throttling(u, out);
	if (u->v[USAGE_CPU_WEIGHT].set)
		show_line(out, "CPU weight", "%" PRIu64, u->v[USAGE_CPU_WEIGHT].v);
	if (u->v[USAGE_CPU_SHARES].set)
		show_line(out, "CPU shares", "%" PRIu64, u->v[USAGE_CPU_SHARES].v);
	if (u->cpus && *u->cpus)
		show_line(out, "CPUs", "%s%s%s", u->cpus, u->mems ? ", memory nodes " : "",
			  u->mems ? u->mems : "");
}

/* --- the rest of the usage --- */

static void put_pids(const struct usage *u, struct text *out)
{
	const struct opt_uint *max = &u->v[USAGE_PIDS_MAX], *peak = &u->v[USAGE_PIDS_PEAK];
	struct text line = {0};

	if (!u->v[USAGE_PIDS_CURRENT].set)
		return;
	text_printf(&line, "%" PRIu64, u->v[USAGE_PIDS_CURRENT].v);
	if (is_limit(max))
		text_printf(&line, " of %" PRIu64, max->v);
	else if (max->set)
		text_puts(&line, ", no limit");
	if (peak->set)
		text_printf(&line, ", peak %" PRIu64, peak->v);
	if (u->v[USAGE_PIDS_REFUSED].v)
		text_printf(&line, ", %" PRIu64 " refused", u->v[USAGE_PIDS_REFUSED].v);
	show_line(out, "tasks", "%s", line.s);
	text_free(&line);
}

static void put_io_limits(struct text *line, const struct usage_device *d)
{
	static const struct {
		enum usage_io_item item;
		const char *word;
		bool bytes;
	} rows[] = {{USAGE_IO_READ_BPS_MAX, "read", true},
		    {USAGE_IO_WRITE_BPS_MAX, "write", true},
		    {USAGE_IO_READ_IOPS_MAX, "read", false},
		    {USAGE_IO_WRITE_IOPS_MAX, "write", false}};
	char size[HUMAN_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct opt_uint *v = &d->v[rows[i].item];

		if (v->set && rows[i].bytes)
			text_printf(line, ", %s at most %s/s", rows[i].word,
				    human_bytes(size, v->v));
		else if (v->set)
			text_printf(line, ", %s at most %" PRIu64 "/s", rows[i].word, v->v);
	}
}

static void put_io(const struct usage *u, struct text *out)
{
	char bytes[HUMAN_MAX], times[HUMAN_MAX];

	if (u->v[USAGE_IO_WEIGHT].set)
		show_line(out, "I/O weight", "%" PRIu64, u->v[USAGE_IO_WEIGHT].v);
	if (u->v[USAGE_IO_BFQ_WEIGHT].set)
		show_line(out, "BFQ weight", "%" PRIu64, u->v[USAGE_IO_BFQ_WEIGHT].v);
	for (size_t i = 0; i < u->n_devices; i++) {
		const struct usage_device *d = &u->devices[i];
		struct text line = {0};

		text_printf(&line, "%s: ", d->name ? d->name : d->number);
		text_printf(&line, "read %s (%s)", human_bytes(bytes, d->v[USAGE_IO_READ_BYTES].v),
			    human_count(times, d->v[USAGE_IO_READ_OPS].v, "time"));
		text_printf(&line, ", written %s (%s)",
			    human_bytes(bytes, d->v[USAGE_IO_WRITE_BYTES].v),
			    human_count(times, d->v[USAGE_IO_WRITE_OPS].v, "time"));
		put_io_limits(&line, d);
		show_line(out, "I/O", "%s", line.s);
		text_free(&line);
	}
}

static void put_huge(const struct usage *u, struct text *out)
{
	char used[HUMAN_MAX], limit[HUMAN_MAX], times[HUMAN_MAX];

	for (size_t i = 0; i < u->n_huge; i++) {
		const struct usage_huge *h = &u->huge[i];
		const struct opt_uint *max = &h->v[USAGE_HUGE_MAX];
		struct text line = {0};

		text_printf(&line, "%s: %s", h->size,
			    human_bytes(used, h->v[USAGE_HUGE_CURRENT].v));
		if (is_limit(max))
			text_printf(&line, " of %s", human_bytes(limit, max->v));
		if (h->v[USAGE_HUGE_REFUSED].v)
			text_printf(&line, ", refused %s",
				    human_count(times, h->v[USAGE_HUGE_REFUSED].v, "time"));
		show_line(out, "huge pages", "%s", line.s);
		text_free(&line);
	}
}

/* --- pressure --- */

static const char *share(struct arena *a, uint64_t hundredths)
{
	return arena_printf(a, "%" PRIu64 ".%02u %%", hundredths / 100,
			    (unsigned)(hundredths % 100));
}

static void put_stall(struct columns *t, struct arena *a, const char *resource, const char *who,
		      const struct usage_stall *s)
{
	char total[HUMAN_MAX];

	if (!s->set)
		return;
	columns_add(t, a, arena_printf(a, "%s, %s waited", resource, who));
	columns_add(t, a, share(a, s->avg10));
	columns_add(t, a, share(a, s->avg60));
	columns_add(t, a, share(a, s->avg300));
	columns_add(t, a, arena_printf(a, "%s", human_usec(total, s->total)));
}

static void put_pressure(const struct usage *u, struct text *out)
{
	static const char *const titles[] = {"", "10 s", "60 s", "300 s", "in all"};
	static const char *const words[] = {"CPU", "memory", "I/O"};
	struct columns t = {.n_columns = sizeof(titles) / sizeof(*titles)};
	struct arena a = {0};

	_Static_assert(sizeof(words) / sizeof(*words) == USAGE_RESOURCES, "a word for each");
	for (size_t i = 0; i < t.n_columns; i++)
		columns_add(&t, &a, titles[i]);
	for (size_t i = 0; i < USAGE_RESOURCES; i++) {
		put_stall(&t, &a, words[i], "some", &u->some[i]);
		put_stall(&t, &a, words[i], "all", &u->full[i]);
	}
	if (t.n_cells > t.n_columns) {
		text_puts(out, "pressure\n");
		columns_print(&t, "  ", out);
	}
	arena_free(&a);
}

void show_usage(const struct usage *u, struct text *out)
{
	text_printf(out, "usage%s\n", u->any ? "" : ": the group is not there");
	put_memory(u, out);
	put_cpu(u, out);
	put_pids(u, out);
	put_io(u, out);
	put_huge(u, out);
	put_pressure(u, out);
}
