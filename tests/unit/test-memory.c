/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-memory - linux.resources.memory: rows of config and host, and the steps they become
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define MEMORY(...)  .in = {.memory = {__VA_ARGS__}}

#define LIMIT        "limits write memory memory.limit_in_bytes="
#define MEMSW        "limits write memory memory.memsw.limit_in_bytes="
#define MAX          "limits write memory memory.max="
#define SWAPMAX      "limits write memory memory.swap.max="

#define ZERO         "0 is taken as absent; -1 means unlimited\n"
#define NO_SWAP                                                                               \
	": boot with swapaccount=1 on a kernel with CONFIG_MEMCG_SWAP, or leave memory+swap " \
	"unlimited\n"
#define NO_V2 "cgroup v2 has no equivalent; remove the field ("
#define NOWHERE                                                                                  \
	"this host has no memory controller, neither mounted as cgroup v1 nor in the cgroup v2 " \
	"tree (it has: "

/* The same on every host: what is wrong everywhere. */
static const struct planner_row everywhere[] = {
    {MEMORY(.limit = SET(0)), .want = "! /r/memory/limit: " ZERO},
    {MEMORY(.reservation = SET(0)), .want = "! /r/memory/reservation: " ZERO},
    {MEMORY(.swap = SET(0)), .want = "! /r/memory/swap: " ZERO},
    {MEMORY(.kernel = SET(0)), .want = "! /r/memory/kernel: " ZERO},
    {MEMORY(.kernel_tcp = SET(0)), .want = "! /r/memory/kernelTCP: " ZERO},
    {MEMORY(.limit = SET(-2)),
     .want = "input: /r/memory/limit: value -2: expected bytes, or -1 for unlimited\n"},
    {MEMORY(.swap = SET(-2)),
     .want = "input: /r/memory/swap: value -2: expected bytes, or -1 for unlimited\n"},
    {MEMORY(.reservation = SET(-9)),
     .want = "input: /r/memory/reservation: value -9: expected bytes, or -1 for unlimited\n"},
    {MEMORY(.limit = SET(1)),
     .want = "input: /r/memory/limit: value 1: less than a page of 4096 bytes, which the kernel "
	     "would store as 0\n"},
    {MEMORY(.limit = SET(4095)),
     .want = "input: /r/memory/limit: value 4095: less than a page of 4096 bytes, which the kernel "
	     "would store as 0\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(8191)),
     .want = "input: /r/memory/swap: value 8191: it is the total of memory and swap, and must not "
	     "be below /r/memory/limit (8192)\n"},
    {MEMORY(.swap = SET(8192)),
     .want = "input: /r/memory/swap: value 8192: memory+swap cannot be limited without "
	     "/r/memory/limit\n"},
    {MEMORY(.limit = SET(0), .swap = SET(8192)),
     .want = "input: /r/memory/swap: value 8192: memory+swap cannot be limited without "
	     "/r/memory/limit\n"},
    {MEMORY(.limit = SET(-1), .swap = SET(8192)),
     .want = "input: /r/memory/swap: value 8192: memory+swap cannot be limited while "
	     "/r/memory/limit is -1\n"},
    {MEMORY(.swappiness = SET(101)),
     .want = "input: /r/memory/swappiness: value 101: expected 0..100\n"},
    {MEMORY(.disable_oom_killer = SET(false)), .want = ""},
    {MEMORY(.use_hierarchy = SET(false)), .want = ""},
    {MEMORY(.kernel = SET(-1), .kernel_tcp = SET(-1)), .want = ""},
    {.want = ""},
};

static const struct planner_row v1[] = {
    {MEMORY(.limit = SET(4096)), .want = LIMIT "4096 /r/memory/limit\n"},
    {MEMORY(.limit = SET(INT64_MAX)), .want = LIMIT "9223372036854775807 /r/memory/limit\n"},
    {MEMORY(.limit = SET(-1)), .want = LIMIT "-1 /r/memory/limit\n"},
    /* What the group had before: memsw would keep the limit from being lifted. */
    {MEMORY(.limit = SET(-1)), .reused = true,
     .want = MEMSW "-1 /r/memory/limit\n" LIMIT "-1 /r/memory/limit\n"},
    {MEMORY(.limit = SET(-1)), .reused = true, .without = "memory.memsw.limit_in_bytes",
     .want = LIMIT "-1 /r/memory/limit\n"},
    {MEMORY(.limit = SET(8192)), .reused = true, .want = LIMIT "8192 /r/memory/limit\n"},
    {MEMORY(.limit = SET(-1), .swap = SET(-1)), .reused = true,
     .want = LIMIT "-1 /r/memory/limit\n" MEMSW "-1 /r/memory/swap\n"},
    {MEMORY(.swap = SET(-1)), .want = MEMSW "-1 /r/memory/swap\n"},
    {MEMORY(.swap = SET(-1)), .without = "memory.memsw.limit_in_bytes", .want = ""},
    {MEMORY(.limit = SET(8192), .swap = SET(8192)),
     .want = LIMIT "8192 /r/memory/limit\n" MEMSW "8192 /r/memory/swap\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(12288)),
     .want = LIMIT "8192 /r/memory/limit\n" MEMSW "12288 /r/memory/swap\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(12288)), .without = "memory.memsw.limit_in_bytes",
     .want =
	 "host: /r/memory/swap: swap accounting is off (no memory.memsw.limit_in_bytes)" NO_SWAP},
    {MEMORY(.reservation = SET(8192)),
     .want = "limits write memory memory.soft_limit_in_bytes=8192 /r/memory/reservation\n"},
    {MEMORY(.reservation = SET(-1)),
     .want = "limits write memory memory.soft_limit_in_bytes=-1 /r/memory/reservation\n"},
    {MEMORY(.kernel = SET(8192)),
     .want = "limits write memory memory.kmem.limit_in_bytes=8192 /r/memory/kernel\n"},
    {MEMORY(.kernel = SET(8192)), .without = "memory.kmem.limit_in_bytes",
     .want = "host: /r/memory/kernel: value 8192: this kernel has no memory.kmem.limit_in_bytes; "
	     "remove the field\n"},
    {MEMORY(.kernel_tcp = SET(8192)),
     .want = "limits write memory memory.kmem.tcp.limit_in_bytes=8192 /r/memory/kernelTCP\n"},
    {MEMORY(.kernel_tcp = SET(8192)), .without = "memory.kmem.tcp.limit_in_bytes",
     .want = "host: /r/memory/kernelTCP: value 8192: this kernel has no "
	     "memory.kmem.tcp.limit_in_bytes; remove the field\n"},
    {MEMORY(.swappiness = SET(0)),
     .want = "limits write memory memory.swappiness=0 /r/memory/swappiness\n"},
    {MEMORY(.swappiness = SET(100)),
     .want = "limits write memory memory.swappiness=100 /r/memory/swappiness\n"},
    {MEMORY(.disable_oom_killer = SET(true)),
     .want = "limits write memory memory.oom_control=1 /r/memory/disableOOMKiller\n"},
    {MEMORY(.use_hierarchy = SET(true)),
     .want = "limits write memory memory.use_hierarchy=1 /r/memory/useHierarchy\n"},
    {MEMORY(.use_hierarchy = SET(true)), .without = "memory.use_hierarchy", .want = ""},
    /* The kernel itself refuses a limit below usage. */
    {MEMORY(.limit = SET(8192), .check_before_update = SET(true)),
     .want = LIMIT "8192 /r/memory/limit\n"},
    {.host = HOST_HYBRID, MEMORY(.limit = SET(8192)), .want = LIMIT "8192 /r/memory/limit\n"},
};

static const struct planner_row v2[] = {
    {MEMORY(.limit = SET(4096)), .want = MAX "4096 /r/memory/limit\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(12289)),
     .want = SWAPMAX "4097 /r/memory/swap\n" MAX "8192 /r/memory/limit\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(8192)),
     .want = SWAPMAX "0 /r/memory/swap\n" MAX "8192 /r/memory/limit\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(-1)),
     .want = SWAPMAX "max /r/memory/swap\n" MAX "8192 /r/memory/limit\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(0)),
     .want = MAX "8192 /r/memory/limit\n! /r/memory/swap: " ZERO},
    {MEMORY(.limit = SET(-1)), .want = MAX "max /r/memory/limit\n"},
    {MEMORY(.limit = SET(-1)), .reused = true,
     .want = SWAPMAX "max /r/memory/limit\n" MAX "max /r/memory/limit\n"},
    {MEMORY(.limit = SET(-1)), .reused = true, .without = "memory.swap.max",
     .want = MAX "max /r/memory/limit\n"},
    {MEMORY(.limit = SET(-1), .swap = SET(0)), .reused = true,
     .want = SWAPMAX "max /r/memory/limit\n" MAX "max /r/memory/limit\n! /r/memory/swap: " ZERO},
    {MEMORY(.limit = SET(-1), .swap = SET(-1)), .reused = true,
     .want = SWAPMAX "max /r/memory/swap\n" MAX "max /r/memory/limit\n"},
    {MEMORY(.swap = SET(-1)), .want = SWAPMAX "max /r/memory/swap\n"},
    {MEMORY(.swap = SET(-1)), .without = "memory.swap.max", .want = ""},
    {MEMORY(.limit = SET(8192), .swap = SET(8192)), .without = "memory.swap.max",
     .want = "host: /r/memory/swap: swap accounting is off (no memory.swap.max)" NO_SWAP},
    {MEMORY(.limit = SET(8192), .swap = SET(9000)), .without = "memory.swap.max",
     .want = "host: /r/memory/swap: swap accounting is off (no memory.swap.max)" NO_SWAP},
    {MEMORY(.limit = SET(8192), .swap = SET(-1)), .without = "memory.swap.max",
     .want = MAX "8192 /r/memory/limit\n"},
    {MEMORY(.reservation = SET(8192)),
     .want = "limits write memory memory.low=8192 /r/memory/reservation\n"},
    {MEMORY(.reservation = SET(-1)),
     .want = "limits write memory memory.low=max /r/memory/reservation\n"},
    {MEMORY(.kernel = SET(8192)),
     .want = "host: /r/memory/kernel: " NO_V2 "limit covers kernel memory too)\n"},
    {MEMORY(.kernel_tcp = SET(8192)),
     .want = "host: /r/memory/kernelTCP: " NO_V2 "limit covers socket memory too)\n"},
    {MEMORY(.swappiness = SET(0)),
     .want = "host: /r/memory/swappiness: " NO_V2 "swap bounds what may be swapped out)\n"},
    {MEMORY(.disable_oom_killer = SET(true)),
     .want = "host: /r/memory/disableOOMKiller: " NO_V2
	     "the VM process can be spared with process.oomScoreAdj)\n"},
    {MEMORY(.use_hierarchy = SET(true)), .want = ""},
    {MEMORY(.limit = SET(8192), .swap = SET(12288), .check_before_update = SET(true)),
     .want = "check check memory memory.current=8192 /r/memory/limit\n"
	     "check check memory memory.current memory.swap.current=12288 /r/memory/swap\n" SWAPMAX
	     "4096 /r/memory/swap\n" MAX "8192 /r/memory/limit\n"},
    {MEMORY(.limit = SET(-1), .swap = SET(-1), .check_before_update = SET(true)),
     .want = SWAPMAX "max /r/memory/swap\n" MAX "max /r/memory/limit\n"},
    {MEMORY(.limit = SET(8192), .check_before_update = SET(false)),
     .want = MAX "8192 /r/memory/limit\n"},
};

/* No controller: fine while nothing is asked for. */
static const struct planner_row missing[] = {
    {MEMORY(.limit = SET(-1), .swap = SET(-1), .reservation = SET(-1), .use_hierarchy = SET(true)),
     .want = ""},
    {MEMORY(.limit = SET(8192)),
     .want = "host: /r/memory/limit: " NOWHERE "cpuset, cpu, io, hugetlb, pids, rdma)\n"},
    {MEMORY(.limit = SET(-1), .reservation = SET(8192)),
     .want = "host: /r/memory/reservation: " NOWHERE "cpuset, cpu, io, hugetlb, pids, rdma)\n"},
    {MEMORY(.swappiness = SET(60)),
     .want = "host: /r/memory/swappiness: " NOWHERE "cpuset, cpu, io, hugetlb, pids, rdma)\n"},
    {MEMORY(.disable_oom_killer = SET(true)), .want = "host: /r/memory/disableOOMKiller: " NOWHERE
						      "cpuset, cpu, io, hugetlb, pids, rdma)\n"},
    {MEMORY(.limit = SET(8192), .swap = SET(8192)), .lenient = true,
     .want = "! /r/memory/limit: the memory controller is not delegated to this user: not "
	     "applied\n"},
    {MEMORY(.limit = SET(-1)), .lenient = true, .want = ""},
    /* What is wrong everywhere is wrong here too. */
    {MEMORY(.limit = SET(-3)), .lenient = true,
     .want = "input: /r/memory/limit: value -3: expected bytes, or -1 for unlimited\n"},
};

static void test_everywhere(void **state)
{
	(void)state;
	planner_rows_check(memory_plan, HOST_V1, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(memory_plan, HOST_V2, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(memory_plan, HOST_V2, "memory", everywhere, N_ROWS(everywhere));
}

static void test_v1(void **state)
{
	(void)state;
	planner_rows_check(memory_plan, HOST_V1, NULL, v1, N_ROWS(v1));
}

static void test_v2(void **state)
{
	(void)state;
	planner_rows_check(memory_plan, HOST_V2, NULL, v2, N_ROWS(v2));
}

static void test_missing(void **state)
{
	(void)state;
	planner_rows_check(memory_plan, HOST_V2, "memory", missing, N_ROWS(missing));
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
