/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-below - which limits of a group below a runtime's scope go along, and when
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hook/below.h"

#define SCOPE "/system.slice/crun-vm.scope"
#define INNER SCOPE "/container"

static const struct record_step recorded[] = {
    {.step = {.op = PLAN_WRITE, .path = SCOPE, .file = "memory.max", .value = "268435456"}},
    {.step = {.op = PLAN_VERIFY, .path = SCOPE, .file = "pids.max", .value = "64"}},
    {.step = {.op = PLAN_WRITE, .path = INNER, .file = "pids.max", .value = "64"}},
    {.step = {.op = PLAN_ENABLE, .path = SCOPE, .file = "cgroup.subtree_control", .value = "+cpu"}},
};

static const struct {
	enum plan_op op;
	const char *file, *value, *above, *live;
	bool follows, first;
} rows[] = {
    /* raised and lowered: the runtime gave both the same */
    {PLAN_WRITE, "memory.max", "335544320", "268435456", "268435456", true, false},
    {PLAN_WRITE, "memory.max", "201326592", "268435456", "268435456", true, true},
    {PLAN_VERIFY, "memory.max", "201326592", "268435456", "268435456", true, true},
    {PLAN_WRITE, "memory.max", "max", "268435456", "268435456", true, false},
    /* the target was changed by hand since: the record knows what both had */
    {PLAN_WRITE, "memory.max", "335544320", "104857600", "268435456", true, false},
    /* a limit of its own */
    {PLAN_WRITE, "memory.max", "335544320", "268435456", "134217728", false, false},
    /* no limit, and no such file */
    {PLAN_WRITE, "memory.max", "335544320", "max", "max", false, true},
    {PLAN_WRITE, "memory.max", "335544320", "268435456", NULL, false, false},
    /* vmcg has set it before, and somebody has changed it */
    {PLAN_WRITE, "pids.max", "100", "64", "7", true, false},
    {PLAN_WRITE, "pids.max", "100", "64", "max", true, false},
    {PLAN_WRITE, "cpu.max", "50000 100000", "80000 100000", "80000 100000", true, true},
    {PLAN_WRITE, "cpu.max", "max 100000", "80000 100000", "80000 100000", true, false},
    {PLAN_WRITE, "cpu.max", "50000 100000", "max 100000", "max 100000", false, true},
    {PLAN_WRITE, "cpu.cfs_quota_us", "50000", "80000", "80000", true, true},
    {PLAN_WRITE, "cpu.cfs_quota_us", "-1", "80000", "80000", true, false},
    /* a longer period is narrower */
    {PLAN_WRITE, "cpu.cfs_period_us", "200000", "100000", "100000", true, true},
    {PLAN_WRITE, "cpu.cfs_period_us", "50000", "100000", "100000", true, false},
    {PLAN_WRITE, "cpuset.cpus", "0", "0-1", "0-1", true, true},
    {PLAN_WRITE, "cpuset.cpus", "0-3", "0-1", "0-1", true, false},
    {PLAN_WRITE, "cpuset.cpus", "0-1", "", "", false, false},
    {PLAN_WRITE, "hugetlb.2MB.max", "0", "2097152", "2097152", true, true},
    /* a weight counts among siblings alone; a list of controllers is no limit */
    {PLAN_WRITE, "cpu.weight", "50", "100", "100", false, false},
    {PLAN_ENABLE, "cgroup.subtree_control", "+cpu", "cpu", "cpu", false, false},
};

static void rows_agree(void **state)
{
	const struct record r = {.steps = (struct record_step *)recorded,
				 .n_steps = sizeof(recorded) / sizeof(*recorded)};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct plan_step s = {
		    .op = rows[i].op, .path = SCOPE, .file = rows[i].file, .value = rows[i].value};
		const struct below_sight sight = {.above = rows[i].above, .live = rows[i].live};
		bool follows = below_follows(&r, &s, INNER, &sight);
		bool first = below_goes_first(&s, &sight, &a);

		if (follows != rows[i].follows || first != rows[i].first)
			fail_msg("row %zu: %s %s -> %s beside %s: follows %d, first %d", i,
				 rows[i].file, rows[i].above, rows[i].value,
				 rows[i].live ? rows[i].live : "nothing", follows, first);
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_agree)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
