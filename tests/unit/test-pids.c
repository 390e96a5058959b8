/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-pids - linux.resources.pids: rows of config and host, and their steps
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define LIMIT(n)     .in = {.pids_limit = SET(n)}
#define STEP(value)  "limits write pids pids.max=" value " /r/pids/limit\n"

static const struct planner_row everywhere[] = {
    {.want = ""},
    {LIMIT(1), .want = STEP("1")},
    {LIMIT(4194304), .want = STEP("4194304")},
    {LIMIT(-1), .want = STEP("max")},
    {LIMIT(0), .want = STEP("0")},
    {LIMIT(0), .systemd = true,
     .want = STEP("1") "! /r/pids/limit: 0 becomes 1, systemd takes no 0 (no fork works either "
		       "way)\n"},
    {LIMIT(7), .systemd = true, .want = STEP("7")},
    {LIMIT(-2),
     .want = "input: /r/pids/limit: value -2: expected 0..4194304, or -1 for unlimited\n"},
    {LIMIT(4194305),
     .want = "input: /r/pids/limit: value 4194305: expected 0..4194304, or -1 for unlimited\n"},
};

static const struct planner_row missing[] = {
    {LIMIT(-1), .want = ""},
    {LIMIT(0),
     .want = "host: /r/pids/limit: this host has no pids controller, neither mounted as cgroup v1 "
	     "nor in the cgroup v2 tree (it has: cpuset, cpu, io, memory, hugetlb, rdma)\n"},
    {LIMIT(5), .lenient = true,
     .want = "! /r/pids/limit: the pids controller is not delegated to this user: not applied\n"},
};

static void test_everywhere(void **state)
{
	(void)state;
	planner_rows_check(pids_plan, HOST_V1, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(pids_plan, HOST_V2, NULL, everywhere, N_ROWS(everywhere));
}

static void test_missing(void **state)
{
	(void)state;
	planner_rows_check(pids_plan, HOST_V2, "pids", missing, N_ROWS(missing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everywhere),
	    cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
