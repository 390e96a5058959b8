/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quirks - what is odd about a control file: how it reads back, what to retry, what to say
 *
 * Two tables, searched from the top: the first row that fits decides, so names
 * stand before patterns. A file without a row reads back as it was written.
 */
#include "hook/quirks.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct quirk quirks[] = {
    {.version = 1,
     .file = "memory.limit_in_bytes",
     .readback = READBACK_BYTES,
     .partner = "memory.memsw.limit_in_bytes",
     .usage_file = "memory.usage_in_bytes"},
    {.version = 1,
     .file = "memory.memsw.limit_in_bytes",
     .readback = READBACK_BYTES,
     .partner = "memory.limit_in_bytes",
     .usage_file = "memory.memsw.usage_in_bytes"},
    /* Recent kernels take the value and do not apply it. */
    {.version = 1,
     .file = "memory.kmem.limit_in_bytes",
     .readback = READBACK_BYTES,
     .verify_file = "memory.kmem.limit_in_bytes",
     .usage_file = "memory.kmem.usage_in_bytes"},
    {.version = 1,
     .file = "memory.kmem.tcp.limit_in_bytes",
     .readback = READBACK_BYTES,
     .verify_file = "memory.kmem.tcp.limit_in_bytes",
     .usage_file = "memory.kmem.tcp.usage_in_bytes"},
    {.version = 1, .file = "memory.soft_limit_in_bytes", .readback = READBACK_BYTES},
    {.version = 1, .file = "memory.oom_control", .readback = READBACK_OOM},
    {.version = 2, .file = "memory.min", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.low", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.high", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.reclaim", .readback = READBACK_NEVER},
    {.version = 2, .file = "memory.*max", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.swap.high", .readback = READBACK_BYTES},
    {.version = 2, .file = "*.pressure", .readback = READBACK_NEVER},
    /* The new quota may be too small for the old burst, the new period too short for the
     * old quota, the new burst too large for the old quota. */
    {.version = 1, .file = "cpu.cfs_period_us", .partner = "cpu.cfs_quota_us"},
    {.version = 1, .file = "cpu.cfs_quota_us", .partner = "cpu.cfs_burst_us"},
    {.version = 1, .file = "cpu.cfs_burst_us", .partner = "cpu.cfs_quota_us"},
    {.version = 1, .file = "cpu.rt_period_us", .partner = "cpu.rt_runtime_us"},
    {.version = 1, .file = "cpu.rt_runtime_us", .partner = "cpu.rt_period_us"},
    {.version = 2, .file = "cpu.max", .readback = READBACK_FIELDS, .partner = "cpu.max.burst"},
    {.version = 2, .file = "cpu.max.burst", .partner = "cpu.max"},
    /* An idle group refuses both; one that was left idle is woken. */
    {.version = 1,
     .file = "cpu.shares",
     .readback = READBACK_SHARES,
     .partner = "cpu.idle",
     .partner_value = "0"},
    {.version = 2, .file = "cpu.weight", .partner = "cpu.idle", .partner_value = "0"},
    {.version = 1, .file = "cpuset.cpus", .readback = READBACK_LIST},
    {.version = 1, .file = "cpuset.mems", .readback = READBACK_LIST},
    {.version = 1, .file = "cpus", .readback = READBACK_LIST},
    {.version = 1, .file = "mems", .readback = READBACK_LIST},
    /* v2 takes what the parent does not have, and then runs the group elsewhere. */
    {.version = 2,
     .file = "cpuset.cpus",
     .readback = READBACK_LIST,
     .verify_file = "cpuset.cpus.effective"},
    {.version = 2,
     .file = "cpuset.mems",
     .readback = READBACK_LIST,
     .verify_file = "cpuset.mems.effective"},
    {.version = 1,
     .file = "blkio.throttle.read_iops_device",
     .readback = READBACK_LINES,
     .verify_file = "blkio.throttle.read_iops_device"},
    {.version = 1,
     .file = "blkio.throttle.write_iops_device",
     .readback = READBACK_LINES,
     .verify_file = "blkio.throttle.write_iops_device"},
    {.version = 1, .file = "blkio.*", .readback = READBACK_LINES},
    {.version = 2, .file = "io.max", .readback = READBACK_PAIRS},
    {.version = 2, .file = "io.latency", .readback = READBACK_PAIRS},
    {.version = 2, .file = "io.weight", .readback = READBACK_LINES, .twin = "io.bfq.weight"},
    {.version = 2, .file = "io.bfq.weight", .readback = READBACK_LINES, .twin = "io.weight"},
    {.version = 1, .file = "hugetlb.*limit_in_bytes", .readback = READBACK_HUGE},
    {.version = 2, .file = "hugetlb.*max", .readback = READBACK_HUGE},
    {.version = 1, .file = "rdma.max", .readback = READBACK_PAIRS},
    {.version = 2, .file = "rdma.max", .readback = READBACK_PAIRS},
    {.version = 2, .file = "misc.max", .readback = READBACK_LINES},
    {.version = 1, .file = "net_prio.ifpriomap", .readback = READBACK_LINES},
};

#define IDLE_HINT  "an idle group takes no weight: write 0 to cpu.idle first"
#define NO_DEVICE  "this host has no such block device, or it is a partition"
#define NO_SWAP    "swap accounting is off: boot with swapaccount=1 on a kernel with CONFIG_MEMCG_SWAP"
#define NO_PAGES   "this host has no huge pages of that size"
#define NOT_SUBSET "it is not a subset of the parent's: widen the parent, or ask for less"
#define NO_INDEX   "this host has no such CPU or memory node"
#define IN_USE     "tasks or child groups still use it"
#define NO_BFQ     "the device does not use the bfq scheduler: see /sys/block/DEVICE/queue/scheduler"
#define NO_IOCOST  "iocost is off for that device: see io.cost.qos in the root cgroup"

static const struct {
	int version; /* 0: both */
	const char *file;
	int os;
	const char *text;
} hints[] = {
    {1, "memory.limit_in_bytes", EBUSY, "the group uses more and the kernel cannot reclaim enough"},
    {1, "memory.limit_in_bytes", EINVAL, "it must not exceed memory.memsw.limit_in_bytes"},
    {1, "memory.memsw.limit_in_bytes", EINVAL, "it must not be below memory.limit_in_bytes"},
    {1, "memory.memsw.limit_in_bytes", EBUSY, "the group uses more memory and swap than that"},
    {1, "memory.memsw.*", ENOENT, NO_SWAP},
    {2, "memory.swap.*", ENOENT, NO_SWAP},
    {1, "memory.kmem.*", ENOENT, "this kernel has no limit for kernel memory"},
    {1, "memory.kmem.*", EOPNOTSUPP, "this kernel has no limit for kernel memory"},
    {1, "cpu.cfs_quota_us", EINVAL,
     "quota / period must not exceed the parent's, quota must not be below cpu.cfs_burst_us"},
    {1, "cpu.cfs_period_us", EINVAL, "quota / period must not exceed the parent's"},
    {1, "cpu.cfs_burst_us", EINVAL, "burst must not exceed cpu.cfs_quota_us"},
    {2, "cpu.max", EINVAL, "the quota must not be below cpu.max.burst"},
    {2, "cpu.max.burst", EINVAL, "burst must not exceed the quota in cpu.max"},
    {1, "cpu.shares", EINVAL, IDLE_HINT},
    {2, "cpu.weight", EINVAL, IDLE_HINT},
    {1, "cpu.rt_*", EINVAL, "runtime / period must fit into what the parent has left"},
    {1, "cpu.rt_runtime_us", EBUSY, "real-time tasks in the group still need it"},
    {1, "cpu.rt_*", ENOENT, "this kernel is built without CONFIG_RT_GROUP_SCHED"},
    {1, "cpuset.*", EACCES, NOT_SUBSET},
    {1, "cpus", EACCES, NOT_SUBSET},
    {1, "mems", EACCES, NOT_SUBSET},
    {0, "cpuset.*", ERANGE, NO_INDEX},
    {0, "cpuset.mems", EINVAL, NO_INDEX},
    {0, "cpuset.*", EBUSY, IN_USE},
    {0, "cpuset.*", ENOSPC, IN_USE},
    {0, "*_device", ENODEV, NO_DEVICE},
    {0, "io.*", ENODEV, NO_DEVICE},
    {2, "io.bfq.weight", EOPNOTSUPP, NO_BFQ},
    {1, "blkio.bfq.weight_device", EOPNOTSUPP, NO_BFQ},
    {2, "io.weight", EOPNOTSUPP, NO_IOCOST},
    {2, "io.max", ERANGE, "0 is not a rate: write max to lift the limit"},
    {2, "io.max", EINVAL, "a rate is at least 2, or max"},
    {0, "hugetlb.*", ENOENT, NO_PAGES},
    {1, "hugetlb.*", EBUSY, "the group uses more huge pages than that"},
    {0, "rdma.max", ENODEV, "this host has no such RDMA device"},
    {1, "net_prio.ifpriomap", ENODEV, "this network namespace has no such interface"},
    {0, "devices.allow", EPERM, "the parent cgroup does not allow it"},
    {0, "cgroup.procs", ESRCH, "the process is gone"},
    {1, "cgroup.procs", ENOSPC, "the cpuset of this group has no CPUs or no memory nodes"},
    {1, "cgroup.procs", EINVAL,
     "a real-time process needs cpu.rt_runtime_us here, a new one a moment"},
    {2, "cgroup.procs", EBUSY, "controllers are enabled below this group: only a leaf takes one"},
    {2, "cgroup.procs", EOPNOTSUPP, "the cgroup.type of this group takes threads only"},
    {2, "cgroup.subtree_control", EBUSY, "the group holds processes: only an inner one can enable"},
    {2, "cgroup.subtree_control", ENOENT, "an ancestor does not enable one of these controllers"},
    {2, "cgroup.subtree_control", EINVAL,
     "a name is unknown, or real-time tasks keep the cpu controller off"},
    {2, "cgroup.subtree_control", EOPNOTSUPP, "the group is threaded"},
    {0, "*", EROFS, "the cgroup tree is mounted read-only here"},
    {0, "*", ENODEV, "the cgroup was removed meanwhile"},
    {1, "*", ENOENT, "this kernel does not have the file, or the group is gone"},
    {2, "*", ENOENT, "the file's controller is not enabled for this group, or the group is gone"},
    {0, "*", EACCES, "this user may not write there: the cgroup is not delegated"},
    {0, "*", EPERM, "this user may not write there: the cgroup is not delegated"},
};

/* Does a name fit a name, or a pattern with one '*'? */
static bool fits(const char *pattern, const char *file)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail, len = strlen(file);

	if (!star)
		return !strcmp(pattern, file);
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	return len >= head + tail && !strncmp(pattern, file, head) &&
	       !strcmp(file + len - tail, star + 1);
}

const struct quirk *quirks_find(int version, const char *file)
{
	for (size_t i = 0; i < sizeof(quirks) / sizeof(*quirks); i++) {
		if (quirks[i].version == version && fits(quirks[i].file, file))
			return &quirks[i];
	}
	return NULL;
}

const char *quirks_hint(int version, const char *file, int os)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (hints[i].os == os && (!hints[i].version || hints[i].version == version) &&
		    fits(hints[i].file, file))
			return hints[i].text;
	}
	return NULL;
}

bool quirks_same(int version, const char *file, const char *wanted, const char *live,
		 uint64_t page_size)
{
	const struct quirk *q = quirks_find(version, file);

	return readback_same(q ? q->readback : READBACK_TEXT, file, wanted, live, page_size);
}

bool quirks_verified(const struct quirk *q, const char *wanted, const char *live,
		     uint64_t page_size)
{
	/* What a v2 cpuset really runs on is at least what was asked for. */
	enum readback form = q->readback == READBACK_LIST ? READBACK_WIDER : q->readback;

	return readback_same(form, q->file, wanted, live, page_size);
}
