/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-netrdma - linux.resources.network and rdma: rows of config and host, and their steps
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define RDMA(...)                                        \
	.in = {.rdma = (struct oci_rdma[]){__VA_ARGS__}, \
	       .n_rdma = sizeof((struct oci_rdma[]){__VA_ARGS__}) / sizeof(struct oci_rdma)}
#define PRIORITIES(...)                                                                   \
	.in = {.network = {.priorities = (struct oci_priority[]){__VA_ARGS__},            \
			   .n_priorities = sizeof((struct oci_priority[]){__VA_ARGS__}) / \
					   sizeof(struct oci_priority)}}
#define CLASS(n) .in = {.network = {.class_id = SET(n)}}

static const struct planner_row rdma[] = {
    {.want = ""},
    {RDMA({"mlx5_1", SET(3), SET(10000)}),
     .want = "limits write rdma rdma.max=mlx5_1 hca_handle=3 hca_object=10000 /r/rdma/mlx5_1\n"},
    {RDMA({"mlx5_1", .handles = SET(0)}, {"rxe3", .objects = SET(2147483647)}),
     .want = "limits write rdma rdma.max=mlx5_1 hca_handle=0 /r/rdma/mlx5_1\n"
	     "limits write rdma rdma.max=rxe3 hca_object=2147483647 /r/rdma/rxe3\n"},
    {RDMA({"a/b~c", .handles = SET(1)}),
     .want = "limits write rdma rdma.max=a/b~c hca_handle=1 /r/rdma/a~1b~0c\n"},
    {RDMA({.device = "mlx5_1"}),
     .want = "input: /r/rdma/mlx5_1: hcaHandles or hcaObjects is needed\n"},
    {RDMA({"ok", SET(1), SET(1)}, {"mlx5_1", .objects = SET(2147483648)}),
     .want = "input: /r/rdma/mlx5_1/hcaObjects: value 2147483648: expected 0..2147483647; leave it "
	     "out for no limit\n"},
    {RDMA({"mlx5_1", .handles = SET(4294967295)}),
     .want = "input: /r/rdma/mlx5_1/hcaHandles: value 4294967295: expected 0..2147483647; leave it "
	     "out for no limit\n"},
    {RDMA({"a hca_handle=9", .objects = SET(1)}),
     .want = "input: /r/rdma/a hca_handle=9: \"a hca_handle=9\" is not the name of an RDMA "
	     "device\n"},
    {RDMA({"", .objects = SET(1)}),
     .want = "input: /r/rdma/: \"\" is not the name of an RDMA device\n"},
};

static const struct planner_row rdma_missing[] = {
    {.want = ""},
    {RDMA({"mlx5_1", .handles = SET(3)}),
     .want = "host: /r/rdma: this host has no rdma controller, neither mounted as cgroup v1 nor in "
	     "the cgroup v2 tree (it has: cpuset, cpu, io, memory, hugetlb, pids)\n"},
    {RDMA({"mlx5_1", .handles = SET(3)}), .lenient = true,
     .want = "! /r/rdma: the rdma controller is not delegated to this user: not applied\n"},
};

static const struct planner_row network_everywhere[] = {
    {.want = ""},
    {CLASS(0), .want = ""},
    {CLASS(4294967296),
     .want = "input: /r/network/classID: value 4294967296: expected at most 4294967295\n"},
    {PRIORITIES({"eth0", 4294967296}),
     .want = "input: /r/network/priorities/0/priority: value 4294967296: expected at most "
	     "4294967295\n"},
    {PRIORITIES({"eth0 9", 1}),
     .want = "input: /r/network/priorities/0/name: value \"eth0 9\": not the name of a network "
	     "interface\n"},
    {PRIORITIES({"eth0", 1}, {"", 1}),
     .want = "input: /r/network/priorities/1/name: value \"\": not the name of a network "
	     "interface\n"},
    {PRIORITIES({"abcdefghijklmnop", 1}),
     .want = "input: /r/network/priorities/0/name: value \"abcdefghijklmnop\": not the name of a "
	     "network interface\n"},
};

static const struct planner_row network_v1[] = {
    {CLASS(1048577), .want = "limits write net_cls net_cls.classid=1048577 /r/network/classID\n"},
    {PRIORITIES({"eth0", 500}, {"abcdefghijklmno", 0}),
     .want =
	 "limits write net_prio net_prio.ifpriomap=eth0 500 /r/network/priorities/0\n"
	 "limits write net_prio net_prio.ifpriomap=abcdefghijklmno 0 /r/network/priorities/1\n"},
    {CLASS(1), .without = "net_cls",
     .want = "host: /r/network/classID: this host has no net_cls controller, neither mounted as "
	     "cgroup v1 nor in the cgroup v2 tree (it has: cpuset, cpu, cpuacct, blkio, memory, "
	     "devices, net_prio, hugetlb, pids, rdma)\n"},
    {CLASS(1), .without = "net_cls", .lenient = true,
     .want = "! /r/network/classID: the net_cls controller is not delegated to this user: not "
	     "applied\n"},
};

/* Nobody can delegate what v2 does not have. */
static const struct planner_row network_v2[] = {
    {CLASS(1), .want = "host: /r/network/classID: cgroup v2 has no net_cls; remove the field\n"},
    {CLASS(1), .lenient = true,
     .want = "host: /r/network/classID: cgroup v2 has no net_cls; remove the field\n"},
    {PRIORITIES({"eth0", 0}),
     .want = "host: /r/network/priorities: cgroup v2 has no net_prio; remove the field\n"},
};

static void test_rdma(void **state)
{
	(void)state;
	planner_rows_check(rdma_plan, HOST_V1, NULL, rdma, N_ROWS(rdma));
	planner_rows_check(rdma_plan, HOST_V2, NULL, rdma, N_ROWS(rdma));
	planner_rows_check(rdma_plan, HOST_HYBRID, NULL, rdma, N_ROWS(rdma));
	planner_rows_check(rdma_plan, HOST_V2, "rdma", rdma_missing, N_ROWS(rdma_missing));
}

static void test_network(void **state)
{
	(void)state;
	planner_rows_check(network_plan, HOST_V1, NULL, network_everywhere,
			   N_ROWS(network_everywhere));
	planner_rows_check(network_plan, HOST_V2, NULL, network_everywhere,
			   N_ROWS(network_everywhere));
	planner_rows_check(network_plan, HOST_V1, NULL, network_v1, N_ROWS(network_v1));
	planner_rows_check(network_plan, HOST_V2, NULL, network_v2, N_ROWS(network_v2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rdma),
	    cmocka_unit_test(test_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
