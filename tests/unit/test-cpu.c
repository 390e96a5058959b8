/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cpu - linux.resources.cpu without cpusets: rows of config and host, and their steps
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define CPU(...)     .in = {.cpu = {__VA_ARGS__}}

#define STEP(file)   "limits write cpu cpu." file " /r/cpu/"
#define NOWHERE                                                                                    \
	"this host has no cpu controller, neither mounted as cgroup v1 nor in the cgroup v2 tree " \
	"(it has: cpuset, io, memory, hugetlb, pids, rdma)\n"
#define RANGE "expected microseconds, or -1 for unlimited\n"

static const struct planner_row everywhere[] = {
    {.want = ""},
    {CPU(.shares = SET(0), .quota = SET(0), .period = SET(0), .realtime_period = SET(0),
	 .realtime_runtime = SET(0)),
     .want = ""},
    {CPU(.quota = SET(-2)), .want = "input: /r/cpu/quota: value -2: " RANGE},
    {CPU(.quota = SET(999)),
     .want = "input: /r/cpu/quota: value 999: expected 1000..17592186044415 microseconds, or -1 "
	     "for unlimited\n"},
    {CPU(.quota = SET(17592186044416)),
     .want = "input: /r/cpu/quota: value 17592186044416: expected 1000..17592186044415 "
	     "microseconds, or -1 for unlimited\n"},
    {CPU(.period = SET(999)),
     .want = "input: /r/cpu/period: value 999: expected 1000..1000000 microseconds\n"},
    {CPU(.period = SET(1000001)),
     .want = "input: /r/cpu/period: value 1000001: expected 1000..1000000 microseconds\n"},
    {CPU(.period = SET(UINT64_MAX)),
     .want = "input: /r/cpu/period: value 18446744073709551615: expected 1000..1000000 "
	     "microseconds\n"},
    {CPU(.quota = SET(5000), .burst = SET(5001)),
     .want = "input: /r/cpu/burst: value 5001: it must not be larger than the quota (5000)\n"},
    {CPU(.burst = SET(UINT64_MAX)),
     .want = "input: /r/cpu/burst: value 18446744073709551615: expected 0..17592186044415 "
	     "microseconds\n"},
    {CPU(.idle = SET(2)), .want = "input: /r/cpu/idle: value 2: expected 0 or 1\n"},
    {CPU(.idle = SET(-1)), .want = "input: /r/cpu/idle: value -1: expected 0 or 1\n"},
    {CPU(.realtime_runtime = SET(-2)), .want = "input: /r/cpu/realtimeRuntime: value -2: " RANGE},
    {CPU(.realtime_period = SET(1000), .realtime_runtime = SET(1001)),
     .want = "input: /r/cpu/realtimeRuntime: value 1001: it must not be larger than "
	     "realtimePeriod (1000)\n"},
};

static const struct planner_row v1[] = {
    {CPU(.shares = SET(1024)), .want = STEP("shares=1024") "shares\n"},
    {CPU(.shares = SET(2)), .want = STEP("shares=2") "shares\n"},
    {CPU(.shares = SET(1)),
     .want = STEP("shares=2") "shares\n! /r/cpu/shares: 1 becomes 2, cpu.shares takes 2..262144\n"},
    {CPU(.shares = SET(262144)), .want = STEP("shares=262144") "shares\n"},
    /* 2^32 + 1024: more than 32 bits are not cut to 1024. */
    {CPU(.shares = SET(4294968320)),
     .want = STEP("shares=262144") "shares\n! /r/cpu/shares: 4294968320 becomes 262144, cpu.shares "
				   "takes 2..262144\n"},
    {CPU(.quota = SET(50000), .period = SET(100000), .burst = SET(20000)),
     .want = STEP("cfs_period_us=100000") "period\n" STEP("cfs_quota_us=50000") "quota\n" STEP(
	 "cfs_burst_us=20000") "burst\n"},
    {CPU(.quota = SET(-1)), .want = STEP("cfs_quota_us=-1") "quota\n"},
    {CPU(.quota = SET(-1), .burst = SET(20000)),
     .want = STEP("cfs_quota_us=-1") "quota\n" STEP("cfs_burst_us=20000") "burst\n"},
    {CPU(.quota = SET(1000)), .want = STEP("cfs_quota_us=1000") "quota\n"},
    {CPU(.quota = SET(17592186044415)), .want = STEP("cfs_quota_us=17592186044415") "quota\n"},
    {CPU(.period = SET(1000)), .want = STEP("cfs_period_us=1000") "period\n"},
    {CPU(.period = SET(1000000)), .want = STEP("cfs_period_us=1000000") "period\n"},
    {CPU(.quota = SET(5000), .burst = SET(5000)),
     .want = STEP("cfs_quota_us=5000") "quota\n" STEP("cfs_burst_us=5000") "burst\n"},
    {CPU(.burst = SET(0)), .want = STEP("cfs_burst_us=0") "burst\n"},
    {CPU(.burst = SET(0)), .without = "cpu.cfs_burst_us", .want = ""},
    {CPU(.burst = SET(1)), .without = "cpu.cfs_burst_us",
     .want = "host: /r/cpu/burst: value 1: this kernel has no cpu.cfs_burst_us (Linux 5.14 has); "
	     "remove the field\n"},
    {CPU(.idle = SET(0), .shares = SET(512)),
     .want = STEP("idle=0") "idle\n" STEP("shares=512") "shares\n"},
    {CPU(.idle = SET(1), .shares = SET(512)),
     .want = STEP("idle=1") "idle\n! /r/cpu/shares: 512 is left out, an idle group takes no "
			    "weight\n"},
    {CPU(.idle = SET(1), .quota = SET(5000)),
     .want = STEP("idle=1") "idle\n" STEP("cfs_quota_us=5000") "quota\n"},
    {CPU(.idle = SET(0)), .without = "cpu.idle", .want = ""},
    {CPU(.idle = SET(1)), .without = "cpu.idle",
     .want = "host: /r/cpu/idle: value 1: this kernel has no cpu.idle (Linux 5.15 has); use shares "
	     "2 for the least weight\n"},
    {CPU(.realtime_period = SET(1000000), .realtime_runtime = SET(5000)),
     .want = "pretask write cpu cpu.rt_period_us=1000000 /r/cpu/realtimePeriod\n"
	     "pretask write cpu cpu.rt_runtime_us=5000 /r/cpu/realtimeRuntime\n"},
    {CPU(.realtime_runtime = SET(-1)),
     .want = "pretask write cpu cpu.rt_runtime_us=-1 /r/cpu/realtimeRuntime\n"},
    {CPU(.realtime_period = SET(500000), .realtime_runtime = SET(0)),
     .want = "pretask write cpu cpu.rt_period_us=500000 /r/cpu/realtimePeriod\n"},
    {CPU(.realtime_runtime = SET(5000)), .without = "cpu.rt_runtime_us",
     .want = "host: /r/cpu/realtimeRuntime: this kernel has no cpu.rt_runtime_us: it is built "
	     "without CONFIG_RT_GROUP_SCHED; remove the field\n"},
    {CPU(.realtime_period = SET(5000)), .without = "cpu.rt_runtime_us",
     .want = "host: /r/cpu/realtimePeriod: this kernel has no cpu.rt_runtime_us: it is built "
	     "without CONFIG_RT_GROUP_SCHED; remove the field\n"},
    {.host = HOST_HYBRID, CPU(.shares = SET(100)), .want = STEP("shares=100") "shares\n"},
};

static const struct planner_row v2[] = {
    {CPU(.shares = SET(1024)), .want = STEP("weight=100") "shares\n"},
    {CPU(.shares = SET(1)), .want = STEP("weight=1") "shares\n"},
    {CPU(.shares = SET(4294968320)), .want = STEP("weight=10000") "shares\n"},
    {CPU(.quota = SET(-1)), .want = STEP("max=max 100000") "quota\n"},
    {CPU(.quota = SET(-1), .period = SET(50000)), .want = STEP("max=max 50000") "quota\n"},
    {CPU(.period = SET(50000)), .want = STEP("max=max 50000") "period\n"},
    {CPU(.quota = SET(0), .period = SET(50000)), .want = STEP("max=max 50000") "period\n"},
    {CPU(.quota = SET(25000)), .want = STEP("max=25000 100000") "quota\n"},
    {CPU(.quota = SET(25000), .period = SET(0)), .want = STEP("max=25000 100000") "quota\n"},
    {CPU(.quota = SET(25000), .period = SET(50000), .burst = SET(10000)),
     .want = STEP("max=25000 50000") "quota\n" STEP("max.burst=10000") "burst\n"},
    {CPU(.burst = SET(0)), .want = STEP("max.burst=0") "burst\n"},
    {CPU(.burst = SET(0)), .without = "cpu.max.burst", .want = ""},
    {CPU(.burst = SET(7)), .without = "cpu.max.burst",
     .want = "host: /r/cpu/burst: value 7: this kernel has no cpu.max.burst (Linux 5.14 has); "
	     "remove the field\n"},
    {CPU(.idle = SET(0), .shares = SET(2048)),
     .want = STEP("idle=0") "idle\n" STEP("weight=174") "shares\n"},
    {CPU(.idle = SET(1), .shares = SET(2048)),
     .want = STEP("idle=1") "idle\n! /r/cpu/shares: 2048 is left out, an idle group takes no "
			    "weight\n"},
    {CPU(.idle = SET(0)), .without = "cpu.idle", .want = ""},
    {CPU(.realtime_period = SET(1000000)),
     .want = "host: /r/cpu/realtimePeriod: cgroup v2 has no real-time group scheduling; remove the "
	     "field\n"},
    {CPU(.realtime_runtime = SET(-1)),
     .want = "host: /r/cpu/realtimeRuntime: cgroup v2 has no real-time group scheduling; remove "
	     "the field\n"},
};

static const struct planner_row missing[] = {
    {CPU(.quota = SET(-1), .burst = SET(0), .idle = SET(0), .shares = SET(0)), .want = ""},
    {CPU(.shares = SET(2)), .want = "host: /r/cpu/shares: " NOWHERE},
    {CPU(.quota = SET(1000)), .want = "host: /r/cpu/quota: " NOWHERE},
    {CPU(.period = SET(1000)), .want = "host: /r/cpu/period: " NOWHERE},
    {CPU(.burst = SET(1)), .want = "host: /r/cpu/burst: " NOWHERE},
    {CPU(.idle = SET(1)), .want = "host: /r/cpu/idle: " NOWHERE},
    {CPU(.realtime_period = SET(1)), .want = "host: /r/cpu/realtimePeriod: " NOWHERE},
    {CPU(.realtime_runtime = SET(1)), .want = "host: /r/cpu/realtimeRuntime: " NOWHERE},
    {CPU(.shares = SET(2), .quota = SET(5000)), .lenient = true,
     .want = "! /r/cpu/shares: the cpu controller is not delegated to this user: not applied\n"},
};

static void test_everywhere(void **state)
{
	(void)state;
	planner_rows_check(cpu_plan, HOST_V1, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(cpu_plan, HOST_V2, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(cpu_plan, HOST_V2, "cpu", everywhere, N_ROWS(everywhere));
}

static void test_v1(void **state)
{
	(void)state;
	planner_rows_check(cpu_plan, HOST_V1, NULL, v1, N_ROWS(v1));
}

static void test_v2(void **state)
{
	(void)state;
	planner_rows_check(cpu_plan, HOST_V2, NULL, v2, N_ROWS(v2));
}

static void test_missing(void **state)
{
	(void)state;
	planner_rows_check(cpu_plan, HOST_V2, "cpu", missing, N_ROWS(missing));
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
