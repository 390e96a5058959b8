/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-usage - the texts of control files as kernels write them, as numbers
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "hook/usage.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* All rows of the table that read this file, on its text; what they set, as "PART.NAME=N". */
static void take_all(struct text *out, int version, const char *file, const char *text)
{
	struct usage u = {0};

	text_puts(out, "");
	for (size_t i = 0; i < usage_n_sources; i++)
		if (usage_sources[i].version == version && !strcmp(usage_sources[i].file, file))
			usage_take(&u, &usage_sources[i], text);
	for (size_t i = 0; i < USAGE_ITEMS; i++) {
		if (!u.v[i].set)
			continue;
		text_printf(out, "%s%s.%s=", out->len ? " " : "", usage_fields[i].part,
			    usage_fields[i].name);
		if (u.v[i].v == USAGE_NO_LIMIT)
			text_puts(out, "none");
		else
			text_printf(out, "%" PRIu64, u.v[i].v);
	}
}

static void test_files(void **state)
{
	static const struct {
		int version;
		const char *file, *text, *want;
	} t[] = {
	    {1, "memory.usage_in_bytes", "21233664", "memory.current=21233664"},
	    {1, "memory.usage_in_bytes", "0", "memory.current=0"},
	    {1, "memory.limit_in_bytes", "9223372036854771712", "memory.max=none"}, /* 4K pages */
	    {1, "memory.limit_in_bytes", "9223372036854710272", "memory.max=none"}, /* 64K pages */
	    {1, "memory.limit_in_bytes", "67108864", "memory.max=67108864"},
	    {1, "memory.stat",
	     "cache 1\nrss 2\nswap 9\ntotal_cache 3\ntotal_rss 4\ntotal_swap 5\ntotal_rss_huge 7",
	     "memory.anon=4 memory.file=3 swap.current=5"},
	    {1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 3",
	     "memory_events.oom_kill=3 memory_events.under_oom=1"},
	    {1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0", /* before 4.13 */
	     "memory_events.under_oom=0"},
	    {1, "memory.failcnt", "12", "memory_events.max=12"},
	    {1, "memory.memsw.limit_in_bytes", "-1", "memory_swap.max=none"},
	    {2, "memory.max", "max", "memory.max=none"},
	    {2, "memory.max", "536870912", "memory.max=536870912"},
	    {2, "memory.stat", "anon 10\nfile 20\nkernel 5\nfile_mapped 1",
	     "memory.anon=10 memory.file=20"},
	    {2, "memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6",
	     "memory_events.low=1 memory_events.high=2 memory_events.max=3 memory_events.oom=4 "
	     "memory_events.oom_kill=5"},
	    {2, "memory.swap.max", "0", "swap.max=0"},
	    {1, "cpuacct.usage", "9810999", "cpu.usage_usec=9810"}, /* ns */
	    {1, "cpuacct.stat", "user 3\nsystem 100",
	     "cpu.user_usec=30000 cpu.system_usec=1000000"},
	    {1, "cpu.stat", "nr_periods 20\nnr_throttled 7\nthrottled_time 1500000\nnr_bursts 1",
	     "cpu.periods=20 cpu.throttled=7 cpu.throttled_usec=1500"},
	    {1, "cpu.cfs_quota_us", "-1", "cpu.quota_usec=none"},
	    {1, "cpu.cfs_quota_us", "50000", "cpu.quota_usec=50000"},
	    {0, "cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnice_usec 1",
	     "cpu.usage_usec=30 cpu.user_usec=20 cpu.system_usec=10"},
	    {2, "cpu.stat", "usage_usec 30\nnr_periods 5\nnr_throttled 2\nthrottled_usec 77",
	     "cpu.periods=5 cpu.throttled=2 cpu.throttled_usec=77"},
	    {2, "cpu.max", "max 100000", "cpu.quota_usec=none cpu.period_usec=100000"},
	    {2, "cpu.max", "200000 100000", "cpu.quota_usec=200000 cpu.period_usec=100000"},
	    {2, "pids.max", "max", "pids.max=none"},
	    {1, "pids.events", "max 3", "pids.refused=3"},
	    {2, "pids.events", "max 4", "pids.refused=4"},
	    {1, "blkio.bfq.weight", "100", "io.bfq_weight=100"},
	    {2, "io.weight", "default 910\n8:0 50", "io.weight=910"},
	    {2, "io.bfq.weight", "default 200", "io.bfq_weight=200"},
	    {2, "io.bfq.weight", "300", "io.bfq_weight=300"}, /* older kernels */
	    /* what is no number is left out */
	    {2, "memory.current", "", ""},
	    {2, "memory.current", "many", ""},
	    {2, "memory.current", "12x", ""},
	    {2, "memory.current", "99999999999999999999999", ""},
	    {2, "memory.events", "oom", ""},
	    {2, "cpu.max", "200000", "cpu.quota_usec=200000"},
	    {2, "io.weight", "8:0 50", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct text got = {0};

		take_all(&got, t[i].version, t[i].file, t[i].text);
		if (strcmp(got.s, t[i].want) != 0)
			fail_msg("row %zu: %s \"%s\"\n   got  %s\n   want %s", i, t[i].file,
				 t[i].text, got.s, t[i].want);
		text_free(&got);
	}
}

/* Every item has a source and a name of its own, and list's are told on both versions. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < USAGE_ITEMS; i++) {
		bool found = false;

		for (size_t k = 0; k < usage_n_sources; k++)
			found |= usage_sources[k].item == i;
		if (!found)
			fail_msg("no file tells %s.%s", usage_fields[i].part, usage_fields[i].name);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(usage_fields[i].part, usage_fields[k].part) &&
			    !strcmp(usage_fields[i].name, usage_fields[k].name))
				fail_msg("%s.%s twice", usage_fields[i].part, usage_fields[i].name);
	}
	/* The members of a part are written together: a part never comes again. */
	for (size_t i = 1; i < USAGE_ITEMS; i++)
		for (size_t k = 0; strcmp(usage_fields[i].part, usage_fields[i - 1].part) && k < i;
		     k++)
			if (!strcmp(usage_fields[i].part, usage_fields[k].part))
				fail_msg("%s comes twice", usage_fields[i].part);
}

/* The first file that tells an item is believed. */
static void test_first_wins(void **state)
{
	struct usage u = {0};
	static const char *const texts[] = {"1000", "usage_usec 7"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < usage_n_sources; i++)
		if (usage_sources[i].item == USAGE_CPU_TIME && n < COUNT(texts))
			usage_take(&u, &usage_sources[i], texts[n++]);
	assert_int_equal(n, 2);
	assert_int_equal(u.v[USAGE_CPU_TIME].v, 1);
}

static void show_devices(struct text *out, const struct usage *u)
{
	text_puts(out, "");
	for (size_t i = 0; i < u->n_devices; i++) {
		text_printf(out, "%s%s", i ? "; " : "", u->devices[i].number);
		for (size_t k = 0; k < USAGE_IO_ITEMS; k++)
			if (u->devices[i].v[k].set)
				text_printf(out, " %s=%" PRIu64, usage_io_name[k],
					    u->devices[i].v[k].v);
	}
}

static void test_io(void **state)
{
	static const struct {
		const char *files[2], *texts[2], *want;
	} t[] = {
	    {{"io.stat"},
	     {"254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n7:0 rbytes=0 wbytes=0 rios=0 "
	      "wios=0 dbytes=0 dios=0"},
	     "254:0 read_bytes=1 write_bytes=2 discard_bytes=5 read_ops=3 write_ops=4 "
	     "discard_ops=6; 7:0 read_bytes=0 write_bytes=0 discard_bytes=0 read_ops=0 "
	     "write_ops=0 discard_ops=0"},
	    /* some kernels leave a device without values on the line of the next */
	    {{"io.stat"}, {"8:16 8:0 rbytes=9"}, "8:16; 8:0 read_bytes=9"},
	    {{"io.stat", "io.max"},
	     {"8:0 rbytes=9", "8:0 rbps=1048576 wbps=max riops=max wiops=50"},
	     "8:0 read_bytes=9 read_bps_max=1048576 write_iops_max=50"},
	    {{"blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced"},
	     {"254:0 Read 10\n254:0 Write 20\n254:0 Sync 30\n254:0 Async 0\n254:0 Discard 5\n254:0 "
	      "Total 35\nTotal 35",
	      "254:0 Read 1\n254:0 Write 2\n254:0 Total 3\nTotal 3"},
	     "254:0 read_bytes=10 write_bytes=20 discard_bytes=5 read_ops=1 write_ops=2"},
	    {{"blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"},
	     {"8:0 Read 10", "8:0 Read 4"},
	     "8:0 read_bytes=10"},
	    {{"blkio.throttle.read_bps_device", "blkio.throttle.write_iops_device"},
	     {"8:0 1048576", "8:0 100"},
	     "8:0 read_bps_max=1048576 write_iops_max=100"},
	    {{"blkio.throttle.io_serviced"}, {"Total 0"}, ""},
	    {{"io.stat"}, {""}, ""},
	    {{"io.stat"},
	     {"nonsense\n:0 rbytes=1\n8: rbytes=1\n8:0 rbytes\n8:1 rbytes="},
	     "8:0; 8:1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct usage u = {0};
		struct arena a = {0};
		struct text got = {0};

		for (size_t k = 0; k < 2 && t[i].files[k]; k++)
			usage_take_io(&u, &a, t[i].files[k], t[i].texts[k]);
		show_devices(&got, &u);
		if (strcmp(got.s, t[i].want) != 0)
			fail_msg("row %zu:\n   got  %s\n   want %s", i, got.s, t[i].want);
		text_free(&got);
		arena_free(&a);
	}
}

static void test_huge(void **state)
{
	static const struct {
		const char *in, *want; /* NULL: no size */
	} t[] = {
	    {"hugepages-2048kB", "2MB"},
	    {"hugepages-1048576kB", "1GB"},
	    {"hugepages-64kB", "64KB"},
	    {"hugepages-kB", NULL},
	    {"hugepages-2048", NULL},
	    {"hugepages-x048kB", NULL},
	    {"..", NULL},
	    {"hugepages-16777216kB", "16GB"},
	};
	/* the last pages of 64 KB, 2 MB, 1 GB and 16 GB below 2^63 */
	static const char *const no_limit[] = {"9223372036854710272", "9223372036852678656",
					       "9223372035781033984", "9223372019674906624"};
	struct usage_huge h = {.size = "2MB"};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const char *got = usage_huge_size(&a, t[i].in);

		if (!got != !t[i].want || (got && strcmp(got, t[i].want) != 0))
			fail_msg("row %zu: %s: got %s", i, t[i].in, got ? got : "NULL");
	}
	assert_false(usage_huge_matters(&h));
	for (size_t i = 0; i < usage_n_huge_sources; i++)
		if (strcmp(usage_huge_sources[i].tail, "max") == 0)
			usage_take_huge(&h, &usage_huge_sources[i], "max");
		else if (strcmp(usage_huge_sources[i].tail, "events") == 0)
			usage_take_huge(&h, &usage_huge_sources[i], "max 6");
	assert_true(h.v[USAGE_HUGE_MAX].v == USAGE_NO_LIMIT);
	for (size_t i = 0; i < COUNT(no_limit); i++) {
		struct usage_huge v1 = {.size = "1GB"};

		usage_take_huge(&v1, &usage_huge_sources[2], no_limit[i]);
		if (!v1.v[USAGE_HUGE_MAX].set || v1.v[USAGE_HUGE_MAX].v != USAGE_NO_LIMIT)
			fail_msg("%s is no limit", no_limit[i]);
		assert_false(usage_huge_matters(&v1));
	}
	assert_int_equal(h.v[USAGE_HUGE_REFUSED].v, 6);
	assert_false(usage_huge_matters(&h)); /* neither limited nor used */
	h.v[USAGE_HUGE_CURRENT] = (struct opt_uint){true, 2097152};
	assert_true(usage_huge_matters(&h));
	h.v[USAGE_HUGE_CURRENT].v = 0;
	h.v[USAGE_HUGE_RSVD_MAX] = (struct opt_uint){true, 0};
	assert_true(usage_huge_matters(&h));
	arena_free(&a);
}

static void put_stall(struct text *out, const char *who, const struct usage_stall *s)
{
	if (s->set)
		text_printf(out, "%s%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
			    out->len ? "; " : "", who, s->avg10, s->avg60, s->avg300, s->total);
}

static void test_pressure(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = {
	    {"some avg10=0.03 avg60=12.50 avg300=100.00 total=5269331012\nfull avg10=0.00 "
	     "avg60=0.00 avg300=0.00 total=0",
	     "some 3 1250 10000 5269331012; full 0 0 0 0"},
	    {"some avg10=1.00 avg60=0.00 avg300=0.00 total=1", "some 100 0 0 1"}, /* before 5.13 */
	    {"some avg10=1.0 avg60=0.00 avg300=0.00 total=1", ""},
	    {"some avg10=1.00 avg60=0.00 total=1", ""},
	    {"some avg10=a.00 avg60=0.00 avg300=0.00 total=1", ""},
	    {"some avg10", ""},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct usage u = {0};
		struct text got = {0};

		text_puts(&got, "");
		usage_take_pressure(&u, USAGE_MEMORY, t[i].text);
		put_stall(&got, "some", &u.some[USAGE_MEMORY]);
		put_stall(&got, "full", &u.full[USAGE_MEMORY]);
		if (strcmp(got.s, t[i].want) != 0)
			fail_msg("row %zu: got %s, want %s", i, got.s, t[i].want);
		assert_false(u.some[USAGE_CPU].set);
		text_free(&got);
	}
}

static void test_frozen(void **state)
{
	static const struct {
		int version;
		const char *text;
		int want; /* -1: not told */
	} t[] = {
	    {1, "THAWED", 0},
	    {1, "FROZEN", 1},
	    {1, "FREEZING", 1},
	    {2, "populated 1\nfrozen 0", 0},
	    {2, "populated 1\nfrozen 1", 1},
	    {2, "populated 1", -1}, /* before 5.2 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct usage u = {0};

		usage_take_frozen(&u, t[i].version, t[i].text);
		if (u.frozen.set != (t[i].want >= 0) || u.frozen.v != (t[i].want > 0))
			fail_msg("row %zu: %s", i, t[i].text);
	}
}

static void test_path(void **state)
{
	struct record_step steps[] = {
	    {.step = {.op = PLAN_ENABLE, .controller = "", .path = "/a"}},
	    {.step = {.op = PLAN_PLACE, .controller = "pids", .path = "/x"}},
	    {.step = {.op = PLAN_WRITE, .controller = "memory", .path = "/base/a/b"}},
	};
	struct record r = {.path = "/a/b", .steps = steps, .n_steps = COUNT(steps)};

	(void)state;
	r.mode = MODE_ADOPT; /* the runtime has another base in that hierarchy */
	assert_string_equal(usage_path(&r, "memory"), "/base/a/b");
	assert_string_equal(usage_path(&r, "pids"), "/a/b");
	assert_string_equal(usage_path(&r, ""), "/a/b");
	r.mode = MODE_OWN;
	assert_string_equal(usage_path(&r, "memory"), "/a/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_files),      cmocka_unit_test(test_table),
	    cmocka_unit_test(test_first_wins), cmocka_unit_test(test_io),
	    cmocka_unit_test(test_huge),       cmocka_unit_test(test_pressure),
	    cmocka_unit_test(test_frozen),     cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
