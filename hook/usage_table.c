/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage_table - which control file of which cgroup version tells what
 */
#include "hook/usage.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The kernel tells users' clock ticks as hundredths of a second, whatever its own are. */
enum { USEC_A_TICK = 10000, NSEC_A_USEC = 1000 };

const struct usage_field usage_fields[] = {
    [USAGE_MEMORY_CURRENT] = {"memory", "current"},
    [USAGE_MEMORY_PEAK] = {"memory", "peak"},
    [USAGE_MEMORY_MAX] = {"memory", "max"},
    [USAGE_MEMORY_HIGH] = {"memory", "high"},
    [USAGE_MEMORY_SOFT] = {"memory", "soft"},
    [USAGE_MEMORY_LOW] = {"memory", "low"},
    [USAGE_MEMORY_MIN] = {"memory", "min"},
    [USAGE_MEMORY_ANON] = {"memory", "anon"},
    [USAGE_MEMORY_FILE] = {"memory", "file"},
    [USAGE_SWAP_CURRENT] = {"swap", "current"},
    [USAGE_SWAP_PEAK] = {"swap", "peak"},
    [USAGE_SWAP_MAX] = {"swap", "max"},
    [USAGE_SWAP_HIGH] = {"swap", "high"},
    [USAGE_MEMSW_CURRENT] = {"memory_swap", "current"},
    [USAGE_MEMSW_PEAK] = {"memory_swap", "peak"},
    [USAGE_MEMSW_MAX] = {"memory_swap", "max"},
    [USAGE_EVENTS_LOW] = {"memory_events", "low"},
    [USAGE_EVENTS_HIGH] = {"memory_events", "high"},
    [USAGE_EVENTS_MAX] = {"memory_events", "max"},
    [USAGE_EVENTS_OOM] = {"memory_events", "oom"},
    [USAGE_EVENTS_OOM_KILL] = {"memory_events", "oom_kill"},
    [USAGE_EVENTS_UNDER_OOM] = {"memory_events", "under_oom"},
    [USAGE_CPU_TIME] = {"cpu", "usage_usec"},
    [USAGE_CPU_USER] = {"cpu", "user_usec"},
    [USAGE_CPU_SYSTEM] = {"cpu", "system_usec"},
    [USAGE_CPU_QUOTA] = {"cpu", "quota_usec"},
    [USAGE_CPU_PERIOD] = {"cpu", "period_usec"},
    [USAGE_CPU_WEIGHT] = {"cpu", "weight"},
    [USAGE_CPU_SHARES] = {"cpu", "shares"},
    [USAGE_CPU_PERIODS] = {"cpu", "periods"},
    [USAGE_CPU_THROTTLED] = {"cpu", "throttled"},
    [USAGE_CPU_THROTTLED_TIME] = {"cpu", "throttled_usec"},
    [USAGE_PIDS_CURRENT] = {"pids", "current"},
    [USAGE_PIDS_PEAK] = {"pids", "peak"},
    [USAGE_PIDS_MAX] = {"pids", "max"},
    [USAGE_PIDS_REFUSED] = {"pids", "refused"},
    [USAGE_IO_WEIGHT] = {"io", "weight"},
    [USAGE_IO_BFQ_WEIGHT] = {"io", "bfq_weight"},
};

const char *const usage_io_name[] = {
    "read_bytes",  "write_bytes",  "discard_bytes", "read_ops",      "write_ops",
    "discard_ops", "read_bps_max", "write_bps_max", "read_iops_max", "write_iops_max",
};

const char *const usage_huge_name[] = {"current",      "peak",     "max",
				       "rsvd_current", "rsvd_max", "refused"};

const char *const usage_resource_name[] = {"cpu", "memory", "io"};

#define WHOLE(v, c, f, i)                                                   \
	{                                                                   \
		.version = (v), .controller = (c), .file = (f), .item = (i) \
	}
#define KEYED(v, c, f, k, i)                                                                     \
	{                                                                                        \
		.version = (v), .controller = (c), .file = (f), .form = USAGE_KEYED, .key = (k), \
		.item = (i)                                                                      \
	}

const struct usage_source usage_sources[] = {
    {1, "memory", "memory.usage_in_bytes", USAGE_WHOLE, NULL, USAGE_MEMORY_CURRENT, 0, 0, true},
    {1, "memory", "memory.limit_in_bytes", USAGE_WHOLE, NULL, USAGE_MEMORY_MAX, 0, 0, true},
    WHOLE(1, "memory", "memory.max_usage_in_bytes", USAGE_MEMORY_PEAK),
    WHOLE(1, "memory", "memory.soft_limit_in_bytes", USAGE_MEMORY_SOFT),
    KEYED(1, "memory", "memory.stat", "total_rss", USAGE_MEMORY_ANON),
    KEYED(1, "memory", "memory.stat", "total_cache", USAGE_MEMORY_FILE),
    KEYED(1, "memory", "memory.stat", "total_swap", USAGE_SWAP_CURRENT),
    WHOLE(1, "memory", "memory.memsw.usage_in_bytes", USAGE_MEMSW_CURRENT),
    WHOLE(1, "memory", "memory.memsw.max_usage_in_bytes", USAGE_MEMSW_PEAK),
    WHOLE(1, "memory", "memory.memsw.limit_in_bytes", USAGE_MEMSW_MAX),
    WHOLE(1, "memory", "memory.failcnt", USAGE_EVENTS_MAX),
    KEYED(1, "memory", "memory.oom_control", "oom_kill", USAGE_EVENTS_OOM_KILL),
    KEYED(1, "memory", "memory.oom_control", "under_oom", USAGE_EVENTS_UNDER_OOM),

    {2, "memory", "memory.current", USAGE_WHOLE, NULL, USAGE_MEMORY_CURRENT, 0, 0, true},
    {2, "memory", "memory.max", USAGE_WHOLE, NULL, USAGE_MEMORY_MAX, 0, 0, true},
    WHOLE(2, "memory", "memory.peak", USAGE_MEMORY_PEAK),
    WHOLE(2, "memory", "memory.high", USAGE_MEMORY_HIGH),
    WHOLE(2, "memory", "memory.low", USAGE_MEMORY_LOW),
    WHOLE(2, "memory", "memory.min", USAGE_MEMORY_MIN),
    KEYED(2, "memory", "memory.stat", "anon", USAGE_MEMORY_ANON),
    KEYED(2, "memory", "memory.stat", "file", USAGE_MEMORY_FILE),
    WHOLE(2, "memory", "memory.swap.current", USAGE_SWAP_CURRENT),
    WHOLE(2, "memory", "memory.swap.peak", USAGE_SWAP_PEAK),
    WHOLE(2, "memory", "memory.swap.max", USAGE_SWAP_MAX),
    WHOLE(2, "memory", "memory.swap.high", USAGE_SWAP_HIGH),
    KEYED(2, "memory", "memory.events", "low", USAGE_EVENTS_LOW),
    KEYED(2, "memory", "memory.events", "high", USAGE_EVENTS_HIGH),
    KEYED(2, "memory", "memory.events", "max", USAGE_EVENTS_MAX),
    KEYED(2, "memory", "memory.events", "oom", USAGE_EVENTS_OOM),
    KEYED(2, "memory", "memory.events", "oom_kill", USAGE_EVENTS_OOM_KILL),

    {1, "cpuacct", "cpuacct.usage", USAGE_WHOLE, NULL, USAGE_CPU_TIME, 0, NSEC_A_USEC, true},
    {1, "cpuacct", "cpuacct.stat", USAGE_KEYED, "user", USAGE_CPU_USER, USEC_A_TICK, 0, false},
    {1, "cpuacct", "cpuacct.stat", USAGE_KEYED, "system", USAGE_CPU_SYSTEM, USEC_A_TICK, 0, false},
    WHOLE(1, "cpu", "cpu.cfs_quota_us", USAGE_CPU_QUOTA),
    WHOLE(1, "cpu", "cpu.cfs_period_us", USAGE_CPU_PERIOD),
    WHOLE(1, "cpu", "cpu.shares", USAGE_CPU_SHARES),
    KEYED(1, "cpu", "cpu.stat", "nr_periods", USAGE_CPU_PERIODS),
    KEYED(1, "cpu", "cpu.stat", "nr_throttled", USAGE_CPU_THROTTLED),
    {1, "cpu", "cpu.stat", USAGE_KEYED, "throttled_time", USAGE_CPU_THROTTLED_TIME, 0, NSEC_A_USEC,
     false},

    /* The v2 tree counts time even where v1 has the controllers. */
    {0, "", "cpu.stat", USAGE_KEYED, "usage_usec", USAGE_CPU_TIME, 0, 0, true},
    KEYED(0, "", "cpu.stat", "user_usec", USAGE_CPU_USER),
    KEYED(0, "", "cpu.stat", "system_usec", USAGE_CPU_SYSTEM),
    KEYED(2, "cpu", "cpu.stat", "nr_periods", USAGE_CPU_PERIODS),
    KEYED(2, "cpu", "cpu.stat", "nr_throttled", USAGE_CPU_THROTTLED),
    KEYED(2, "cpu", "cpu.stat", "throttled_usec", USAGE_CPU_THROTTLED_TIME),
    {2, "cpu", "cpu.max", USAGE_FIELD, "0", USAGE_CPU_QUOTA, 0, 0, false},
    {2, "cpu", "cpu.max", USAGE_FIELD, "1", USAGE_CPU_PERIOD, 0, 0, false},
    WHOLE(2, "cpu", "cpu.weight", USAGE_CPU_WEIGHT),

    WHOLE(1, "pids", "pids.current", USAGE_PIDS_CURRENT),
    WHOLE(1, "pids", "pids.peak", USAGE_PIDS_PEAK),
    WHOLE(1, "pids", "pids.max", USAGE_PIDS_MAX),
    KEYED(1, "pids", "pids.events", "max", USAGE_PIDS_REFUSED),
    WHOLE(2, "pids", "pids.current", USAGE_PIDS_CURRENT),
    WHOLE(2, "pids", "pids.peak", USAGE_PIDS_PEAK),
    WHOLE(2, "pids", "pids.max", USAGE_PIDS_MAX),
    KEYED(2, "pids", "pids.events", "max", USAGE_PIDS_REFUSED),

    WHOLE(1, "blkio", "blkio.weight", USAGE_IO_WEIGHT),
    WHOLE(1, "blkio", "blkio.bfq.weight", USAGE_IO_BFQ_WEIGHT),
    KEYED(2, "io", "io.weight", "default", USAGE_IO_WEIGHT),
    KEYED(2, "io", "io.bfq.weight", "default", USAGE_IO_BFQ_WEIGHT),
    WHOLE(2, "io", "io.bfq.weight", USAGE_IO_BFQ_WEIGHT), /* older kernels */
};

const size_t usage_n_sources = COUNT(usage_sources);

const struct usage_io_source usage_io_sources[] = {
    /* The recursive ones have what the groups below moved, as v2 has it; older kernels have
     * none. */
    {1, "blkio.throttle.io_service_bytes_recursive"},
    {1, "blkio.throttle.io_serviced_recursive"},
    {1, "blkio.throttle.io_service_bytes"},
    {1, "blkio.throttle.io_serviced"},
    {1, "blkio.throttle.read_bps_device"},
    {1, "blkio.throttle.write_bps_device"},
    {1, "blkio.throttle.read_iops_device"},
    {1, "blkio.throttle.write_iops_device"},
    {2, "io.stat"},
    {2, "io.max"},
};

const size_t usage_n_io_sources = COUNT(usage_io_sources);

const struct usage_huge_source usage_huge_sources[] = {
    {1, "usage_in_bytes", NULL, USAGE_HUGE_CURRENT},
    {1, "max_usage_in_bytes", NULL, USAGE_HUGE_PEAK},
    {1, "limit_in_bytes", NULL, USAGE_HUGE_MAX},
    {1, "rsvd.usage_in_bytes", NULL, USAGE_HUGE_RSVD_CURRENT},
    {1, "rsvd.limit_in_bytes", NULL, USAGE_HUGE_RSVD_MAX},
    {1, "failcnt", NULL, USAGE_HUGE_REFUSED},
    {2, "current", NULL, USAGE_HUGE_CURRENT},
    {2, "max", NULL, USAGE_HUGE_MAX},
    {2, "rsvd.current", NULL, USAGE_HUGE_RSVD_CURRENT},
    {2, "rsvd.max", NULL, USAGE_HUGE_RSVD_MAX},
    {2, "events", "max", USAGE_HUGE_REFUSED},
};

const size_t usage_n_huge_sources = COUNT(usage_huge_sources);

_Static_assert(COUNT(usage_fields) == USAGE_ITEMS, "a name for every item");
_Static_assert(COUNT(usage_io_name) == USAGE_IO_ITEMS, "a name for every item");
_Static_assert(COUNT(usage_huge_name) == USAGE_HUGE_ITEMS, "a name for every item");
