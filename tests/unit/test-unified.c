/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-unified - linux.resources.unified: rows of config and host, and their steps
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define KEYS(...)                                       \
	.unified = (struct oci_unified[]){__VA_ARGS__}, \
	.n_unified = sizeof((struct oci_unified[]){__VA_ARGS__}) / sizeof(struct oci_unified)
#define UNIFIED(...)        .in = {KEYS(__VA_ARGS__)}
#define STEP(c, key, value) "unified write " c " " key "=" value " /r/unified/" key "\n"

static const struct planner_row steps[] = {
    {.want = ""},
    {UNIFIED({"memory.high", "536870912"}, {"cpu.weight", "50"}, {"memory.low", "max"}),
     .want = STEP("memory", "memory.high", "536870912") STEP("cpu", "cpu.weight", "50")
	 STEP("memory", "memory.low", "max")},
    {UNIFIED({"hugetlb.1GB.rsvd.max", "0"}), .want = STEP("hugetlb", "hugetlb.1GB.rsvd.max", "0")},
    {UNIFIED({"cgroup.max.depth", "2"}), .want = STEP("cgroup", "cgroup.max.depth", "2")},
    {UNIFIED({"cpu.some_new.knob-1", "what it takes"}),
     .want = STEP("cpu", "cpu.some_new.knob-1", "what it takes")},
    /* One write a line; lines without anything are none. */
    {UNIFIED({"io.max", "8:0 rbps=5\n\n8:16 wbps=6\n"}),
     .want = STEP("io", "io.max", "8:0 rbps=5") STEP("io", "io.max", "8:16 wbps=6")},
    {UNIFIED({"rdma.max", "mlx5_1 hca_handle=2"}),
     .want = STEP("rdma", "rdma.max", "mlx5_1 hca_handle=2")},
};

static const struct planner_row hybrid[] = {
    {UNIFIED({"hugetlb.2MB.max", "2M"}), .want = STEP("hugetlb", "hugetlb.2MB.max", "2M")},
    {UNIFIED({"cgroup.max.depth", "2"}), .want = STEP("cgroup", "cgroup.max.depth", "2")},
    {UNIFIED({"memory.high", "1"}),
     .want =
	 "host: /r/unified/memory.high: unified needs cgroup v2 and the memory controller is on "
	 "v1 here\n"},
};

static const struct planner_row legacy[] = {
    {.want = ""},
    {UNIFIED({"memory.high", "1"}),
     .want = "host: /r/unified/memory.high: unified needs cgroup v2 and this host has v1 only; use "
	     "the other fields of linux.resources\n"},
    {UNIFIED({"cgroup.max.depth", "1"}),
     .want =
	 "host: /r/unified/cgroup.max.depth: unified needs cgroup v2 and this host has v1 only; "
	 "use the other fields of linux.resources\n"},
};

#define BAD_KEY(pointer, key)                   \
	"input: /r/unified/" pointer ": \"" key \
	"\" is not the name of a control file: expected CONTROLLER.PARAMETER, like memory.high\n"
#define RESERVED(key)                                                                            \
	"input: /r/unified/" key ": " key " cannot be set from a config: vmcg places processes " \
	"and enables controllers itself; remove the key\n"

static const struct planner_row keys[] = {
    {UNIFIED({"memory", "1"}), .want = BAD_KEY("memory", "memory")},
    {UNIFIED({"memory.", "1"}), .want = BAD_KEY("memory.", "memory.")},
    {UNIFIED({".max", "1"}), .want = BAD_KEY(".max", ".max")},
    {UNIFIED({"", "1"}), .want = BAD_KEY("", "")},
    {UNIFIED({"Memory.max", "1"}), .want = BAD_KEY("Memory.max", "Memory.max")},
    {UNIFIED({"memory.max x", "1"}), .want = BAD_KEY("memory.max x", "memory.max x")},
    {UNIFIED({"../memory.max", "1"}), .want = BAD_KEY("..~1memory.max", "../memory.max")},
    {UNIFIED({"memory.a/b~", "1"}), .want = BAD_KEY("memory.a~1b~0", "memory.a/b~")},
    {UNIFIED({"cgroup.procs", "1"}), .want = RESERVED("cgroup.procs")},
    {UNIFIED({"cgroup.threads", "1"}), .want = RESERVED("cgroup.threads")},
    {UNIFIED({"cgroup.subtree_control", "+cpu"}), .want = RESERVED("cgroup.subtree_control")},
    {UNIFIED({"cgroup.type", "threaded"}), .want = RESERVED("cgroup.type")},
    {UNIFIED({"cgroup.kill", "1"}), .want = RESERVED("cgroup.kill")},
    {UNIFIED({"foo.max", "1"}),
     .want = "host: /r/unified/foo.max: this host has no foo controller, neither mounted as cgroup "
	     "v1 nor in the cgroup v2 tree (it has: cpuset, cpu, io, memory, hugetlb, pids, "
	     "rdma)\n"},
    {UNIFIED({"devices.allow", "a"}),
     .want = "host: /r/unified/devices.allow: cgroup v2 has no control files of that name\n"},
    {UNIFIED({"freezer.state", "FROZEN"}),
     .want = "host: /r/unified/freezer.state: cgroup v2 has no control files of that name\n"},
    {UNIFIED({"unified.max", "1"}),
     .want = "host: /r/unified/unified.max: cgroup v2 has no control files of that name\n"},
    {UNIFIED({"foo.max", "1"}, {"cpu.weight", "7"}), .lenient = true,
     .want = STEP("cpu", "cpu.weight", "7") "! /r/unified/foo.max: the foo controller is not "
					    "delegated to this user: not applied\n"},
};

#define EMPTY(key) \
	"input: /r/unified/" key ": the value is empty; remove the key or give it a value\n"
#define BAD(key, value, want) "input: /r/unified/" key ": value \"" value "\": " want "\n"
#define BYTES                 "expected max or bytes below 2^64, like 536870912 or 512M"
#define PIDS                  "expected max or 0..4194304"
#define WEIGHT                "expected 1..10000"

static const struct planner_row values[] = {
    {UNIFIED({"memory.high", ""}), .want = EMPTY("memory.high")},
    {UNIFIED({"io.max", "\n \n"}), .want = EMPTY("io.max")},
    {UNIFIED({"memory.max", "18446744073709551615"}),
     .want = STEP("memory", "memory.max", "18446744073709551615")},
    {UNIFIED({"memory.max", "18446744073709551616"}),
     .want = BAD("memory.max", "18446744073709551616", BYTES)},
    {UNIFIED({"memory.max", "15E"}), .want = STEP("memory", "memory.max", "15E")},
    {UNIFIED({"memory.max", "16E"}), .want = BAD("memory.max", "16E", BYTES)},
    {UNIFIED({"memory.max", "17179869184G"}), .want = BAD("memory.max", "17179869184G", BYTES)},
    {UNIFIED({"memory.max", "-1"}), .want = BAD("memory.max", "-1", BYTES)},
    {UNIFIED({"memory.max", "1.5G"}), .want = BAD("memory.max", "1.5G", BYTES)},
    {UNIFIED({"memory.max", " 512m"}), .want = STEP("memory", "memory.max", " 512m")},
    {UNIFIED({"memory.min", "0x10"}), .want = BAD("memory.min", "0x10", BYTES)},
    {UNIFIED({"memory.low", "x"}), .want = BAD("memory.low", "x", BYTES)},
    {UNIFIED({"memory.high", "x"}), .want = BAD("memory.high", "x", BYTES)},
    {UNIFIED({"memory.swap.max", "x"}), .want = BAD("memory.swap.max", "x", BYTES)},
    {UNIFIED({"memory.swap.high", "x"}), .want = BAD("memory.swap.high", "x", BYTES)},
    {UNIFIED({"memory.zswap.max", "x"}), .want = BAD("memory.zswap.max", "x", BYTES)},
    {UNIFIED({"hugetlb.2MB.max", "x"}), .want = BAD("hugetlb.2MB.max", "x", BYTES)},
    {UNIFIED({"hugetlb.2MB.rsvd.max", "99999999999999999999"}),
     .want = BAD("hugetlb.2MB.rsvd.max", "99999999999999999999", BYTES)},
    {UNIFIED({"memory.oom.group", "1"}), .want = STEP("memory", "memory.oom.group", "1")},
    {UNIFIED({"pids.max", "max"}), .want = STEP("pids", "pids.max", "max")},
    {UNIFIED({"pids.max", "4194304"}), .want = STEP("pids", "pids.max", "4194304")},
    {UNIFIED({"pids.max", "4194305"}), .want = BAD("pids.max", "4194305", PIDS)},
    {UNIFIED({"pids.max", "-1"}), .want = BAD("pids.max", "-1", PIDS)},
    {UNIFIED({"cpu.weight", "10000"}), .want = STEP("cpu", "cpu.weight", "10000")},
    {UNIFIED({"cpu.weight", "0"}), .want = BAD("cpu.weight", "0", WEIGHT)},
    {UNIFIED({"cpu.weight", "10001"}), .want = BAD("cpu.weight", "10001", WEIGHT)},
    {UNIFIED({"cpu.weight.nice", "-5"}), .want = STEP("cpu", "cpu.weight.nice", "-5")},
};

/* Typed fields first, as a whole plan has them. */
static int plan_both(struct planner *p, struct error *e)
{
	return memory_plan(p, e) || unified_plan(p, e) ? -1 : 0;
}

/* clang-format off */
static const struct planner_row overrides[] = {
    {.in = {.memory = {.limit = SET(8192)},
	    KEYS({"memory.max", "16384"}, {"memory.high", "4096"})},
     .want = "limits write memory memory.max=8192 /r/memory/limit\n"
	     STEP("memory", "memory.max", "16384")
	     STEP("memory", "memory.high", "4096")
	     "! /r/unified/memory.max: overrides /r/memory/limit, which sets memory.max to 8192\n"},
};
/* clang-format on */

static void test_overrides(void **state)
{
	(void)state;
	planner_rows_check(plan_both, HOST_V2, NULL, overrides, N_ROWS(overrides));
}

static void test_steps(void **state)
{
	(void)state;
	planner_rows_check(unified_plan, HOST_V2, NULL, steps, N_ROWS(steps));
}

static void test_hybrid(void **state)
{
	(void)state;
	planner_rows_check(unified_plan, HOST_HYBRID, NULL, hybrid, N_ROWS(hybrid));
}

static void test_legacy(void **state)
{
	(void)state;
	planner_rows_check(unified_plan, HOST_V1, NULL, legacy, N_ROWS(legacy));
}

static void test_keys(void **state)
{
	(void)state;
	planner_rows_check(unified_plan, HOST_V2, NULL, keys, N_ROWS(keys));
}

static void test_values(void **state)
{
	(void)state;
	planner_rows_check(unified_plan, HOST_V2, NULL, values, N_ROWS(values));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_steps),  cmocka_unit_test(test_hybrid),
	    cmocka_unit_test(test_legacy), cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_values), cmocka_unit_test(test_overrides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
