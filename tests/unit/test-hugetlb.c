/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-hugetlb - linux.resources.hugepageLimits: rows of config and host, and their steps
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define PAGES(...)                                                \
	.in = {.hugepages = (struct oci_hugepage[]){__VA_ARGS__}, \
	       .n_hugepages =                                     \
		   sizeof((struct oci_hugepage[]){__VA_ARGS__}) / sizeof(struct oci_hugepage)}
#define STEP(file, value, i) \
	"limits write hugetlb hugetlb." file "=" value " /r/hugepageLimits/" i "\n"

static const struct planner_row everywhere[] = {
    {.want = ""},
    {PAGES({"2M", 0}),
     .want =
	 "input: /r/hugepageLimits/0/pageSize: value \"2M\": expected a size like 2MB or 1GB\n"},
    {PAGES({"2MB", 0}, {"../x", 0}),
     .want = "input: /r/hugepageLimits/1/pageSize: value \"../x\": expected a size like 2MB or "
	     "1GB\n"},
    {PAGES({"02MB", 0}),
     .want = "input: /r/hugepageLimits/0/pageSize: value \"02MB\": expected a size like 2MB or "
	     "1GB\n"},
    {PAGES({"2MB", 2097151}),
     .want = "input: /r/hugepageLimits/0/limit: value 2097151: less than a page of 2MB, which the "
	     "kernel would store as 0\n"},
    {PAGES({"1GB", 1}),
     .want = "input: /r/hugepageLimits/0/limit: value 1: less than a page of 1GB, which the kernel "
	     "would store as 0\n"},
};

/* clang-format off */
static const struct planner_row v1[] = {
    {PAGES({"2MB", 2097152}),
     .want = STEP("2MB.limit_in_bytes", "2097152", "0")
	     STEP("2MB.rsvd.limit_in_bytes", "2097152", "0")},
    {PAGES({"2MB", 0}, {"1GB", 1073741824}),
     .want = STEP("2MB.limit_in_bytes", "0", "0")
	     STEP("2MB.rsvd.limit_in_bytes", "0", "0")
	     STEP("1GB.limit_in_bytes", "1073741824", "1")},
    {PAGES({"64KB", 65536}),
     .want =
	 "host: /r/hugepageLimits/0/pageSize: value \"64KB\": page size not available, there is "
	 "no hugetlb.64KB.limit_in_bytes (this host has: 2MB, 1GB)\n"},
};
/* clang-format on */

/* The hybrid host has hugetlb on its v2 tree. */
static const struct planner_row v2[] = {
    {PAGES({"2MB", 2097152}),
     .want = STEP("2MB.max", "2097152", "0") STEP("2MB.rsvd.max", "2097152", "0")},
    {PAGES({"1GB", UINT64_MAX}), .want = STEP("1GB.max", "18446744073709551615", "0")},
    {PAGES({"2MB", 0}), .without = "hugetlb.2MB.rsvd.max", .want = STEP("2MB.max", "0", "0")},
    {PAGES({"16GB", 0}), .without = "hugetlb.2MB.max hugetlb.1GB.max",
     .want =
	 "host: /r/hugepageLimits/0/pageSize: value \"16GB\": page size not available, there is "
	 "no hugetlb.16GB.max (this host has: none)\n"},
};

static const struct planner_row missing[] = {
    {.want = ""},
    {PAGES({"2MB", 0}),
     .want = "host: /r/hugepageLimits: this host has no hugetlb controller, neither mounted as "
	     "cgroup v1 nor in the cgroup v2 tree (it has: cpuset, cpu, io, memory, pids, rdma)\n"},
    {PAGES({"2MB", 0}), .lenient = true,
     .want = "! /r/hugepageLimits: the hugetlb controller is not delegated to this user: not "
	     "applied\n"},
};

static void test_everywhere(void **state)
{
	(void)state;
	planner_rows_check(hugetlb_plan, HOST_V1, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(hugetlb_plan, HOST_V2, NULL, everywhere, N_ROWS(everywhere));
}

static void test_v1(void **state)
{
	(void)state;
	planner_rows_check(hugetlb_plan, HOST_V1, NULL, v1, N_ROWS(v1));
}

static void test_v2(void **state)
{
	(void)state;
	planner_rows_check(hugetlb_plan, HOST_V2, NULL, v2, N_ROWS(v2));
	planner_rows_check(hugetlb_plan, HOST_HYBRID, NULL, v2, N_ROWS(v2));
}

static void test_missing(void **state)
{
	(void)state;
	planner_rows_check(hugetlb_plan, HOST_V2, "hugetlb", missing, N_ROWS(missing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everywhere),
	    cmocka_unit_test(test_v1),
	    cmocka_unit_test(test_v2),
	    cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
