/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cpuset - linux.resources.cpu.cpus and mems: rows of config and host, and their steps
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define SETS(...)    .in = {.cpu = {__VA_ARGS__}}
#define LIKE         " (expected a list like 0-3,5)\n"

static const struct planner_row everywhere[] = {
    {.want = ""},
    {SETS(.cpus = "", .mems = ""), .want = ""},
    {SETS(.cpus = "0-3"), .want = "pretask write cpuset cpuset.cpus=0-3 /r/cpu/cpus\n"},
    {SETS(.mems = "0"), .want = "pretask write cpuset cpuset.mems=0 /r/cpu/mems\n"},
    {SETS(.cpus = "3, 1,0", .mems = " 0 "),
     .want = "pretask write cpuset cpuset.cpus=0-1,3 /r/cpu/cpus\n"
	     "pretask write cpuset cpuset.mems=0 /r/cpu/mems\n"},
    {SETS(.cpus = "0-7:1/2"),
     .want = "input: /r/cpu/cpus: value \"0-7:1/2\": strides like 0-7:1/2 are not taken; list the "
	     "ranges" LIKE},
    {SETS(.cpus = "2-1"), .want = "input: /r/cpu/cpus: value \"2-1\": a range runs backwards" LIKE},
    {SETS(.mems = "0,,1"), .want = "input: /r/cpu/mems: value \"0,,1\": an item is empty" LIKE},
    {SETS(.cpus = "0", .mems = "all"),
     .want = "input: /r/cpu/mems: value \"all\": an item is not a number" LIKE},
    {SETS(.cpus = "2-4"), .want = "host: /r/cpu/cpus: value \"2-4\": this host has CPUs 0-3\n"},
    {SETS(.cpus = "1048575"),
     .want = "host: /r/cpu/cpus: value \"1048575\": this host has CPUs 0-3\n"},
    {SETS(.mems = "1"), .want = "host: /r/cpu/mems: value \"1\": this host has memory nodes 0\n"},
};

/* A v1 mount with noprefix has bare names; v2 never does. */
static const struct planner_row bare[] = {
    {.with = "cpus mems",
     SETS(.cpus = "0", .mems = "0"),
     .want = "pretask write cpuset cpus=0 /r/cpu/cpus\npretask write cpuset mems=0 /r/cpu/mems\n"},
    {.host = HOST_V2,
     .with = "cpus mems",
     SETS(.cpus = "0"),
     .want = "pretask write cpuset cpuset.cpus=0 /r/cpu/cpus\n"},
};

static const struct planner_row missing[] = {
    {.want = ""},
    {SETS(.cpus = "", .mems = ""), .want = ""},
    {SETS(.mems = "0"),
     .want = "host: /r/cpu/mems: this host has no cpuset controller, neither mounted as cgroup v1 "
	     "nor in the cgroup v2 tree (it has: cpu, io, memory, hugetlb, pids, rdma)\n"},
    {SETS(.cpus = "0"), .lenient = true,
     .want = "! /r/cpu/cpus: the cpuset controller is not delegated to this user: not applied\n"},
};

static void test_everywhere(void **state)
{
	(void)state;
	planner_rows_check(cpuset_plan, HOST_V1, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(cpuset_plan, HOST_V2, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(cpuset_plan, HOST_HYBRID, NULL, everywhere, N_ROWS(everywhere));
}

static void test_bare(void **state)
{
	(void)state;
	planner_rows_check(cpuset_plan, HOST_V1, NULL, bare, N_ROWS(bare));
}

static void test_missing(void **state)
{
	(void)state;
	planner_rows_check(cpuset_plan, HOST_V2, "cpuset", missing, N_ROWS(missing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everywhere),
	    cmocka_unit_test(test_bare),
	    cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
