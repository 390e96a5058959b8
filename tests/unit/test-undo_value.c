/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-undo_value - what is written so that a control file reads as before
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/undo_value.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	enum readback form;
	const char *file, *written, *old, *want; /* want NULL: nothing can be put back */
} values[] = {
    {READBACK_TEXT, "pids.max", "5", "max", "max"},
    {READBACK_BYTES, "memory.max", "4096", "8192", "8192"},
    {READBACK_FIELDS, "cpu.max", "1000 2000", "max 100000", "max 100000"},
    /* an empty list takes a newline: a write of nothing is none */
    {READBACK_LIST, "cpuset.cpus", "0-1", "", "\n"},
    {READBACK_NEVER, "memory.reclaim", "1", "0", NULL},

    {READBACK_OOM, "memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 7", "0"},
    {READBACK_OOM, "memory.oom_control", "1", "under_oom 0\noom_kill_disable 1", "1"},
    {READBACK_OOM, "memory.oom_control", "1", "", NULL},

    /* one line a device: the old one, or the word for none */
    {READBACK_LINES, "io.weight", "8:0 200", "default 100\n8:0 50\n8:16 70", "8:0 50"},
    {READBACK_LINES, "io.weight", "8:0 200", "default 100\n8:16 70", "8:0 default"},
    {READBACK_LINES, "io.weight", "8:1 200", "8:16 70\n8:10 5", "8:1 default"}, /* no prefix */
    {READBACK_LINES, "io.weight", "300", "default 100\n8:0 50", "default 100"},
    {READBACK_LINES, "blkio.bfq.weight", "300", "100", "100"},
    {READBACK_LINES, "blkio.throttle.read_bps_device", "8:0 10", "8:0 99\n8:16 5", "8:0 99"},
    {READBACK_LINES, "blkio.throttle.read_bps_device", "8:0 10", "", "8:0 0"},
    {READBACK_LINES, "blkio.throttle.read_bps_device", "8:0 10", "8:00 1", "8:0 0"},
    {READBACK_LINES, "net_prio.ifpriomap", "eth0 5", "lo 0\neth0 1", "eth0 1"},

    {READBACK_PAIRS, "io.max", "8:0 rbps=1 wiops=2", "8:0 rbps=9 wbps=max riops=max wiops=max",
     "8:0 rbps=9 wbps=max riops=max wiops=max"},
    {READBACK_PAIRS, "io.max", "8:0 rbps=1 wiops=2", "8:16 rbps=9", "8:0 rbps=max wiops=max"},
    {READBACK_PAIRS, "io.max", "8:0 rbps=1", "", "8:0 rbps=max"},
    {READBACK_PAIRS, "rdma.max", "mlx5_0 hca_handle=3", "mlx5_0 hca_handle=max hca_object=2",
     "mlx5_0 hca_handle=max hca_object=2"},
};

static void test_value(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct arena a = {0};
		const char *want = values[i].want;
		const char *got = undo_value(values[i].form, values[i].file, values[i].written,
					     values[i].old, &a);

		if (!got != !want || (got && strcmp(got, want) != 0)) {
			print_error("row %zu: %s: want \"%s\", got \"%s\"\n", i, values[i].file,
				    want ? want : "nothing", got ? got : "nothing");
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	const char *enabled, *old, *disabled, *again;
} controllers[] = {
    {"+cpu +io", "", "-cpu -io", "+cpu +io"},
    {"+cpu +io", "io memory", "-cpu", "+cpu"},
    {"+cpu +io", "cpu io", "", ""},
    /* cpu is no part of cpuset */
    {"+cpu", "cpuset", "-cpu", "+cpu"},
    {"+cpuset", "cpu", "-cpuset", "+cpuset"},
    {"+memory", "cpu memory io", "", ""},
    {"+perf_event", "", "-perf_event", "+perf_event"},
    {"", "cpu", "", ""},
    {"  +cpu   +io ", "", "-cpu -io", "+cpu +io"},
};

static void test_controllers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(controllers); i++) {
		struct arena a = {0};
		const char *enabled = controllers[i].enabled + strspn(controllers[i].enabled, " ");
		const char *minus = undo_disabled(enabled, controllers[i].old, &a);
		const char *plus = undo_enabled(minus, &a);

		if (strcmp(minus, controllers[i].disabled) != 0 ||
		    strcmp(plus, controllers[i].again) != 0)
			fail_msg("row %zu: want \"%s\", got \"%s\"; want \"%s\", got \"%s\"", i,
				 controllers[i].disabled, minus, controllers[i].again, plus);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_value),
	    cmocka_unit_test(test_controllers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
